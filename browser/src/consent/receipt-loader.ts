/** Load a receipt from a file, by choosing or dropping it. It is read here and never uploaded. */

import { byId, calm, complain, input } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { parseReceipt, type Receipt } from "./receipt.js";

/** Identifiers of the elements that take part. */
export interface Places {
  input: string;
  drop?: string;
  complaints: string;
  /** Reads a picture of the receipt's code, where the page takes one. */
  picture?: (file: File) => Promise<void>;
}

export function onReceipt({ input: chosen, drop, complaints, picture }: Places, loaded: (receipt: Receipt) => Promise<void>): void {
  const picker = input(chosen);

  const take = async (file: File | undefined): Promise<void> => {
    calm(complaints);
    if (file === undefined) return;
    try {
      if (picture !== undefined && file.type.startsWith("image/")) return await picture(file);
      const receipt = parseReceipt(await receiptIn(file));
      if (receipt.server !== location.origin) throw new Error(t("receipt.elsewhere", { server: receipt.server }));
      await loaded(receipt);
    } catch (error) {
      complain(complaints, error);
    } finally {
      picker.value = "";
    }
  };

  picker.addEventListener("change", () => void take(picker.files?.[0]));
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

/** The receipt as text: the file itself, or what lies inside the PDF. */
async function receiptIn(file: File): Promise<string> {
  if (file.type !== "application/pdf") return file.text();
  const { receiptInPdf } = await import("./receipt-pdf.js");
  return receiptInPdf(new Uint8Array(await file.arrayBuffer()));
}
