/** What people are asked to agree to: the list, one purpose, a new wording, its end; stating a new one. */

import type { Key } from "../shared/catalogue.js";
import { byId, element, input, ofKind } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { day, dayAndTime, language, oneIn, region } from "../shared/words.js";
import { askFirst } from "./ask-first.js";
import type { Gallery } from "./galleries.js";
import { code, fact, focusOn } from "./people.js";
import { openForm } from "./purpose-form.js";
import type { Section, Visit } from "./section.js";

interface Text {
  version: number;
  language: string;
  text: string;
  created_at: string;
}

interface Purpose {
  id: string;
  name: string;
  controller: string;
  contact: string;
  jurisdiction: string;
  retention_days: number;
  target_kind: "fpir" | "fmr";
  target: number;
  max_fnmr: number;
  /** What standards ask that it states or goes beyond. */
  presets_met: ("63b" | "63a-identify" | "fido")[];
  liveness: string;
  capacity: number | null;
  texts: Text[];
  created_at: string;
  ends_at: string | null;
}

const NEW = "new";

const PRESETS = {
  "63b": "console.purpose.preset.63b",
  "63a-identify": "console.purpose.preset.63a",
  fido: "console.purpose.preset.fido",
} as const;

export const section: Section = {
  async open(visit) {
    const [id] = visit.rest;
    if (id === NEW && visit.may("admin")) return openForm(visit);
    if (id !== undefined) return openOne(visit, id);
    const purposes = await visit.all<Purpose>("/v1/purposes");
    byId("purposes-none").hidden = purposes.length > 0;
    const newestFirst = purposes.sort((one, other) => other.created_at.localeCompare(one.created_at));
    byId("purposes").replaceChildren(...newestFirst.map(item));
    byId("purposes-all").hidden = false;
    byId("purposes-new").hidden = !visit.may("admin");
  },
};

const isOver = ({ ends_at }: Purpose): boolean => ends_at !== null && new Date(ends_at) <= new Date();

function state(purpose: Purpose): string {
  if (purpose.ends_at === null) return t("console.purpose.open");
  return t(isOver(purpose) ? "console.purpose.ended" : "console.purpose.ends", { day: dayAndTime(purpose.ends_at) });
}

const promise = ({ target_kind, target }: Purpose): string =>
  t(`console.purpose.promise.${target_kind}`, { share: oneIn(target) });

function item(purpose: Purpose): HTMLLIElement {
  const link = element("a", { href: `#/purposes/${purpose.id}` }, purpose.name);
  const kept = t("console.purpose.kept", { n: purpose.retention_days });
  return element(
    "li",
    {},
    element("p", {}, element("b", {}, link), ` · ${state(purpose)}`),
    element("p", { class: "soft" }, `${promise(purpose)} ${kept}`),
  );
}

async function openOne(visit: Visit, id: string): Promise<void> {
  const [purpose, galleries] = await Promise.all([
    visit.ask<Purpose>("GET", `/v1/purposes/${encodeURIComponent(id)}`),
    visit.all<Gallery>("/v1/galleries"),
  ]);
  byId("purpose").hidden = false;
  byId("purpose-title").textContent = purpose.name;
  byId("purpose-state").textContent = state(purpose);
  byId("purpose-facts").replaceChildren(...facts(purpose, galleries));
  byId("purpose-texts").replaceChildren(...purpose.texts.toReversed().map(wording));
  const may = visit.may("admin") && !isOver(purpose);
  byId("purpose-acts").hidden = !may;
  if (may) offerActs(visit, purpose);
  focusOn(byId("purpose-title"));
}

function facts(purpose: Purpose, galleries: readonly Gallery[]): HTMLDivElement[] {
  const here = galleries.filter(({ purpose_id }) => purpose_id === purpose.id);
  const names = here.map(({ name, references }) => t("console.purpose.gallery", { name, n: references }));
  const room = purpose.capacity === null ? t("console.purpose.room.any") : t("console.purpose.room", { n: purpose.capacity });
  return [
    fact(t("console.purpose.id"), code(purpose.id)),
    fact(t("console.purpose.controller"), purpose.controller, element("br", {}), purpose.contact),
    fact(t("console.purpose.law"), region(purpose.jurisdiction)),
    fact(t("console.purpose.target"), promise(purpose)),
    fact(t("console.purpose.missed"), t("console.purpose.missed.at_most", { rate: percent(purpose.max_fnmr) })),
    ...(purpose.presets_met.length === 0
      ? []
      : [fact(t("console.purpose.strict"), purpose.presets_met.map((met) => t(PRESETS[met])).join("; "))]),
    fact(t("console.purpose.size"), room),
    fact(t("console.purpose.retention"), t("console.purpose.kept", { n: purpose.retention_days })),
    fact(t("console.purpose.liveness"), t(livenessKey(purpose.liveness))),
    fact(t("console.purpose.galleries"), names.length > 0 ? names.join(", ") : t("console.purpose.galleries.none")),
    fact(t("console.purpose.since"), day(purpose.created_at)),
  ];
}

/** @param mode the sign in `active+attested` stands in no key of a text */
export const livenessKey = (mode: string): Key => `console.purpose.liveness.${mode.replace("+", "_")}` as Key;

const percent = (share: number): string =>
  new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 2 }).format(share);

/** One version; the newest is open. */
function wording({ version, language: tag, text, created_at }: Text, index: number): HTMLDetailsElement {
  const title = t("console.purpose.version", { number: version, language: language(tag), day: day(created_at) });
  const summary = element("summary", {}, index === 0 ? `${title} ${t("console.purpose.version.newest")}` : title);
  const letter = element("blockquote", { class: "letter", lang: tag, dir: "auto" }, text);
  return element("details", index === 0 ? { open: "" } : {}, summary, letter);
}

function offerActs(visit: Visit, purpose: Purpose): void {
  const newest = purpose.texts.at(-1);
  const text = ofKind(HTMLTextAreaElement, "purpose-words");
  text.value = newest?.text ?? "";
  input("purpose-language").value = newest?.language ?? "";
  visit.onSend(ofKind(HTMLFormElement, "purpose-reword"), () => reword(visit, purpose, newest));
  visit.onSend(ofKind(HTMLFormElement, "purpose-end"), () => end(visit, purpose));
}

async function reword(visit: Visit, purpose: Purpose, newest: Text | undefined): Promise<void> {
  const body = { language: input("purpose-language").value.trim(), text: ofKind(HTMLTextAreaElement, "purpose-words").value };
  if (body.text.trim() === "" || (body.text === newest?.text && body.language === newest.language)) {
    byId("purpose-words").focus();
    throw new Error(t("console.purpose.reword.same"));
  }
  const asked = {
    title: t("console.purpose.reword.sure"),
    says: [t("console.purpose.reword.says"), t("console.purpose.reword.kept")],
    yes: t("console.purpose.reword.go"),
  };
  if (!(await askFirst(asked, visit.signal))) return;
  await visit.ask("POST", `/v1/purposes/${purpose.id}/texts`, { body });
  visit.again();
}

async function end(visit: Visit, purpose: Purpose): Promise<void> {
  const chosen = input("purpose-end-day").value;
  const at = chosen === "" ? null : new Date(chosen);
  const when = at === null ? t("console.purpose.end.now") : t("console.purpose.end.on", { time: dayAndTime(at.toISOString()) });
  const asked = {
    title: t("console.purpose.end.sure", { name: purpose.name }),
    says: [when, t("console.purpose.end.says"), t("console.purpose.end.never")],
    yes: t("console.purpose.end.yes"),
    grave: true,
  };
  if (!(await askFirst(asked, visit.signal))) return;
  await visit.ask("POST", `/v1/purposes/${purpose.id}/end`, { body: { ends_at: at?.toISOString() ?? null } });
  visit.again();
}
