// @ts-check
/** Load a receipt from a file, by choosing or dropping it. It is read here and never uploaded. */

import { byId, calm, complain } from "../shared/dom.js";
import { parseReceipt } from "./receipt.js";

/**
 * @param {{input: string, drop?: string, complaints: string}} ids
 * @param {(receipt: import("./receipt.js").Receipt) => Promise<void>} loaded
 */
export function onReceipt({ input, drop, complaints }, loaded) {
  const picker = /** @type {HTMLInputElement} */ (byId(input));

  /** @param {File | undefined} file */
  const take = async (file) => {
    calm(complaints);
    if (file === undefined) return;
    try {
      const receipt = parseReceipt(await file.text());
      if (receipt.server !== location.origin) {
        throw new Error(`This receipt belongs to another server. Open ${receipt.server}/me and load it there.`);
      }
      await loaded(receipt);
    } catch (error) {
      complain(complaints, error);
    } finally {
      picker.value = "";
    }
  };

  picker.addEventListener("change", () => take(picker.files?.[0]));
  if (drop === undefined) return;
  const area = byId(drop);
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    void take(event.dataTransfer?.files[0]);
  });
}
