/** A secret that is shown once: to copy now, or never. */

import { element } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/**
 * Show it in a place; the focus goes to its heading.
 * @param says what it is for, and until when
 */
export function showOnce(place: HTMLElement, title: string, says: string, secret: string): void {
  const heading = element("h2", { tabindex: "-1" }, title);
  const shown = element("output", { class: "once", dir: "ltr" }, secret);
  const status = element("p", { class: "soft", role: "status" });
  const copy = element("button", { type: "button", class: "main" }, t("console.once.copy"));
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(secret);
      status.textContent = t("console.once.copied");
    } catch {
      getSelection()?.selectAllChildren(shown);
      status.textContent = t("console.once.by_hand");
    }
  });
  const done = element("button", { type: "button" }, t("console.once.done"));
  done.addEventListener("click", () => place.replaceChildren());
  place.replaceChildren(
    element(
      "div",
      { class: "note" },
      heading,
      element("p", {}, says),
      shown,
      element("p", {}, t("console.once.only")),
      element("div", { class: "actions" }, copy, done),
      status,
    ),
  );
  heading.focus();
}
