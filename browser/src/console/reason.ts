/** Why somebody looks: typed before anything about people is read, sent along, and kept for them to see. */

import { element, input } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import type { Visit } from "./section.js";

/** The newest reason for which a list was read, in the words of whoever is logged in; one who comes after has none. */
let newest: { account: string; reason: string } | null = null;

/**
 * The reason in a box.
 * @throws {Error} there is none: the focus is in the box
 */
export function reasonIn(id: string): string {
  const box = input(id);
  const reason = box.value.trim();
  if (reason === "") {
    box.setAttribute("aria-invalid", "true");
    box.focus();
    throw new Error(t("console.reason.missing"));
  }
  box.removeAttribute("aria-invalid");
  return reason;
}

/** The reason in a box in front of a list, which the next list is offered. @throws {Error} there is none */
export function listReasonIn(visit: Visit, id: string): string {
  const reason = reasonIn(id);
  newest = { account: visit.me.account_id, reason };
  return reason;
}

/** Offer the reason of the list before this one. */
export function offerReason(visit: Visit, id: string): void {
  if (newest?.account === visit.me.account_id) input(id).value = newest.reason;
}

/** A form that asks for a reason, says what follows, and does it. */
export interface ReasonForm {
  /** Of the box; nothing else in the page has it. */
  id: string;
  /** What is entered, and who sees it. */
  says: string;
  go: string;
  /** What is asked, where it is not "Why do you look?". */
  label?: string;
  /** What the button is about, where several buttons say the same. */
  about?: string;
}

export function reasonForm(visit: Visit, asks: ReasonForm, doing: (reason: string) => Promise<void>): HTMLFormElement {
  const said = element("p", { id: `${asks.id}-says` }, asks.says);
  const box = element("input", { id: asks.id, maxlength: "200", autocomplete: "off", "aria-describedby": said.id });
  const field = element("div", { class: "field" }, element("label", { for: asks.id }, asks.label ?? t("console.reason")), box);
  const named = asks.about === undefined ? {} : { "aria-label": `${asks.go}: ${asks.about}` };
  const actions = element("div", { class: "actions" }, element("button", { type: "submit", ...named }, asks.go));
  const form = element("form", { novalidate: "" }, element("div", { class: "note bad", role: "alert" }), said, field, actions);
  visit.onSend(form, async () => doing(reasonIn(asks.id)));
  return form;
}
