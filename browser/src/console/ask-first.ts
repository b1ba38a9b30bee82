/** A question before something that cannot be taken back. */

import { byId, element } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** What is asked. */
export interface Question {
  title: string;
  /** What follows from it, a paragraph each. */
  says: readonly string[];
  /** The button that does it. */
  yes: string;
  /** It destroys something. */
  grave?: boolean;
}

/**
 * Ask in a dialog. The focus begins at its heading, and comes back to where it was.
 * @param signal the answer is no when it is aborted
 */
export function askFirst({ title, says, yes, grave = false }: Question, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const heading = element("h2", { id: "ask-first-title", tabindex: "-1", autofocus: "" }, title);
    const go = element("button", { type: "submit", value: "yes", class: grave ? "grave" : "main" }, yes);
    const stay = element("button", { type: "submit", value: "" }, t("console.ask.no"));
    const form = element("form", { method: "dialog" }, element("div", { class: "actions" }, go, stay));
    const dialog = element("dialog", { "aria-labelledby": heading.id }, heading);
    dialog.append(...says.map((text) => element("p", {}, text)), form);
    const giveUp = (): void => dialog.close("");
    signal.addEventListener("abort", giveUp);
    dialog.addEventListener("close", () => {
      signal.removeEventListener("abort", giveUp);
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    byId("content").append(dialog);
    dialog.showModal();
  });
}
