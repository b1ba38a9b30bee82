/** The form in which a new purpose is stated. What does not fit is told by the server, which alone knows what it can hold. */

import { byId, input, ofKind } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { askFirst } from "./ask-first.js";
import { focusOn } from "./people.js";
import type { Visit } from "./section.js";

const NEEDED = ["purpose-new-name", "purpose-new-controller", "purpose-new-contact", "purpose-new-law", "purpose-new-text"];

const choice = (id: string): string => ofKind(HTMLSelectElement, id).value;

export function openForm(visit: Visit): void {
  byId("purpose-new").hidden = false;
  input("purpose-new-language").value = document.documentElement.lang.split("-")[0] ?? "en";
  const preset = ofKind(HTMLSelectElement, "purpose-new-preset");
  const own = (): boolean => byId("purpose-new-own").toggleAttribute("hidden", preset.value !== "");
  preset.addEventListener("change", own);
  own();
  visit.onSend(ofKind(HTMLFormElement, "purpose-new-form"), () => state(visit));
  focusOn(byId("purpose-new-title"));
}

const text = (id: string): string => (byId(id) as HTMLInputElement | HTMLTextAreaElement).value.trim();

/** @throws {Error} something is missing: the focus is there */
function body(): object {
  for (const id of NEEDED) {
    if (text(id) !== "") continue;
    byId(id).focus();
    throw new Error(t("console.purpose.new.missing"));
  }
  const share = Number(text("purpose-new-strangers"));
  const preset = choice("purpose-new-preset");
  if (preset === "" && !(share >= 3)) {
    byId("purpose-new-strangers").focus();
    throw new Error(t("console.purpose.new.strangers.wrong"));
  }
  const rates = preset === "" ? { target_kind: choice("purpose-new-kind"), target: 1 / share } : { preset };
  return {
    name: text("purpose-new-name"),
    controller: text("purpose-new-controller"),
    contact: text("purpose-new-contact"),
    jurisdiction: text("purpose-new-law"),
    language: text("purpose-new-language"),
    text: text("purpose-new-text"),
    retention_days: Number(text("purpose-new-days")),
    liveness: choice("purpose-new-liveness"),
    ...rates,
  };
}

async function state(visit: Visit): Promise<void> {
  const stated = body();
  const asked = {
    title: t("console.purpose.new.sure"),
    says: [t("console.purpose.new.says")],
    yes: t("console.purpose.new.go"),
  };
  if (!(await askFirst(asked, visit.signal))) return;
  const { id } = await visit.ask<{ id: string }>("POST", "/v1/purposes", { body: stated });
  location.hash = `#/purposes/${id}`;
}
