/** One person as whoever helps at the desk sees them: an identifier and dates; a name where it is asked for. */

import type { Key } from "../shared/catalogue.js";
import { element } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { dayAndTime, day } from "../shared/words.js";
import { reasonForm } from "./reason.js";
import type { Visit } from "./section.js";

interface Agreement {
  countersignature: string | null;
  expires_at: string;
}

export interface OwnDecision {
  decision_id: string;
  means: string;
  outcome: string;
  reason: string | null;
  station_id: string | null;
  decided_at: string;
}

/** What is held about one person. */
export interface Held {
  subject_id: string;
  state: string;
  /** Null where it was read without the name. */
  external_reference: string | null;
  gallery_id: string;
  gallery: string;
  purpose: string;
  references: string[];
  receipts: Agreement[];
  other_way: boolean;
  decisions: OwnDecision[];
  created_at: string;
}

/** Read a record. That it was read, why and with or without the name is entered before it comes. @throws {Problem} */
export const readRecord = (visit: Visit, id: string, reason: string, { withName = false } = {}): Promise<Held> =>
  visit.ask<Held>("GET", `/v1/subjects/${encodeURIComponent(id)}${withName ? "" : "?with_name=false"}`, { reason });

export const stateOf = (state: string): string => t(`console.subject.state.${state}` as Key);

/** A name and what it is, as `dl.facts` has them. */
export const fact = (name: string, ...value: (Node | string)[]): HTMLDivElement =>
  element("div", {}, element("dt", {}, name), element("dd", {}, ...value));

export const code = (text: string): HTMLElement => element("code", { dir: "ltr" }, text);

/** Take whoever reads by ear or keyboard to a heading. */
export function focusOn(heading: HTMLElement): void {
  heading.tabIndex = -1;
  heading.focus();
}

/** All of a record that is about no name. */
export function recordFacts(held: Held): HTMLDListElement {
  const agreed = held.receipts.filter((one) => one.countersignature !== null).map((one) => one.expires_at);
  const until = agreed.sort().at(-1);
  return element(
    "dl",
    { class: "facts" },
    fact(t("console.subject.id"), code(held.subject_id)),
    fact(t("console.subject.state"), stateOf(held.state)),
    fact(t("console.subject.since"), dayAndTime(held.created_at)),
    fact(t("console.subject.agreed"), until === undefined ? t("console.subject.agreed.not") : t("console.subject.agreed.until", { day: day(until) })),
    fact(t("console.subject.templates"), templates(held)),
    fact(t("console.subject.way"), t(held.other_way ? "console.subject.way.some" : "console.subject.way.none")),
  );
}

function templates({ references }: Held): string {
  if (references.length === 0) return t("console.subject.templates.none");
  const made = new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(
    [...new Set(references.map(day))],
  );
  return t("console.subject.templates.made", { n: references.length, days: made });
}

/**
 * A place that tells a person's name on request: it says first that this is entered, and that the person sees it.
 * @param about which of two people, where there are two
 */
export function nameOf(visit: Visit, id: string, about?: string): HTMLDivElement {
  const place = element("div", {});
  const asks = {
    id: `name-${id}`,
    says: t("console.subject.name.says"),
    label: t("console.subject.name.why"),
    go: t("console.subject.name.tell"),
  };
  const form = reasonForm(visit, about === undefined ? asks : { ...asks, about }, async (reason) => {
    const held = await readRecord(visit, id, reason, { withName: true });
    tellName(place, held.external_reference ?? "");
    focusOn(place);
  });
  place.append(form);
  return place;
}

export function tellName(place: HTMLElement, name: string): void {
  place.replaceChildren(
    element("p", {}, t("console.subject.name.is"), " ", element("b", { class: "told-name" }, element("bdi", {}, name))),
    element("p", { class: "soft" }, t("console.subject.name.told")),
  );
}
