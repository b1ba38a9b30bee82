/** The people of a gallery, without names; one person's record, and what the desk does for them. */

import { type OtherWay, showOtherWay } from "../consent/other-way.js";
import { Problem } from "../server/problem.js";
import { byId, element, input, ofKind, save } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { day, dayAndTime, meansInWords, outcomeInWords, reasonInWords } from "../shared/words.js";
import { askFirst } from "./ask-first.js";
import type { Gallery } from "./galleries.js";
import { code, focusOn, type Held, nameOf, readRecord, recordFacts, stateOf, tellName } from "./people.js";
import { listReasonIn, offerReason, reasonForm, reasonIn } from "./reason.js";
import type { Section, Visit } from "./section.js";
import type { Station } from "./stations.js";

const PAGE = 50;

interface Row {
  subject_id: string;
  state: string;
  created_at: string;
}

interface Rows {
  items: Row[];
  next: string | null;
}

export const section: Section = {
  async open(visit) {
    const [gallery, subject] = visit.rest;
    if (gallery !== undefined && subject !== undefined) return askForRecord(visit, gallery, subject);
    await openLists(visit, gallery);
  },
};

/** Fill a choice with the galleries. */
function offerGalleries(id: string, galleries: readonly Gallery[], chosen: string | undefined): void {
  const options = galleries.map((one) => element("option", { value: one.id }, one.name));
  const box = ofKind(HTMLSelectElement, id);
  box.replaceChildren(...options);
  if (galleries.some((one) => one.id === chosen)) box.value = chosen ?? "";
}

async function openLists(visit: Visit, chosen: string | undefined): Promise<void> {
  const galleries = await visit.all<Gallery>("/v1/galleries");
  byId("subjects-none").hidden = galleries.length > 0;
  byId("subjects-lists").hidden = galleries.length === 0;
  offerGalleries("subjects-gallery", galleries, chosen);
  offerGalleries("subjects-find-gallery", galleries, chosen);
  offerReason(visit, "subjects-reason");
  visit.onSend(ofKind(HTMLFormElement, "subjects-form"), () => list(visit));
  visit.onSend(ofKind(HTMLFormElement, "subjects-find"), () => find(visit));
}

/** A gallery's people, a page at a time; each page is a reading of its own. */
async function list(visit: Visit): Promise<void> {
  const gallery = ofKind(HTMLSelectElement, "subjects-gallery").value;
  const reason = listReasonIn(visit, "subjects-reason");
  byId("subjects-rows").replaceChildren();
  const further = async (after: string | null): Promise<void> => {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after === null ? {} : { after }) });
    const page = await visit.ask<Rows>("GET", `/v1/galleries/${gallery}/subjects?${query}`, { reason });
    byId("subjects-rows").append(...page.items.map((row) => line(gallery, row)));
    const n = byId("subjects-rows").childElementCount;
    byId("subjects-count").textContent = t("console.subjects.shown", { n });
    byId("subjects-table").hidden = n === 0;
    const more = byId("subjects-more");
    const { next } = page;
    more.replaceChildren(...(next === null ? [] : [visit.button(t("console.more"), () => further(next))]));
  };
  await further(null);
  byId("subjects-list").hidden = false;
  focusOn(byId("subjects-list-title"));
}

function line(gallery: string, row: Row): HTMLTableRowElement {
  const link = element("a", { href: `#/subjects/${gallery}/${row.subject_id}` }, code(row.subject_id));
  const cells = [element("td", {}, stateOf(row.state)), element("td", {}, dayAndTime(row.created_at))];
  return element("tr", {}, element("th", { scope: "row" }, link), ...cells);
}

/** Somebody at the desk says who they are: find them by the name that the operator has for them. */
async function find(visit: Visit): Promise<void> {
  const gallery = ofKind(HTMLSelectElement, "subjects-find-gallery").value;
  const name = input("subjects-name").value.trim();
  if (name === "") {
    input("subjects-name").focus();
    throw new Error(t("console.subjects.find.missing"));
  }
  const reason = reasonIn("subjects-find-reason");
  const body = { external_reference: name, reason };
  await showRecord(visit, await visit.ask<Held>("POST", `/v1/galleries/${gallery}/subjects/lookup`, { body }).catch(nobody));
}

/** What there is to say where nobody has the name. @throws whatever it was */
function nobody(error: unknown): never {
  if (error instanceof Problem && error.code === "not_found") throw new Error(t("console.subjects.find.nobody"));
  throw error;
}

function askForRecord(visit: Visit, gallery: string, subject: string): void {
  byId("subjects-lists").hidden = true;
  byId("subject-ask").hidden = false;
  byId("subject-ask-id").replaceChildren(code(subject));
  byId("subject-ask-back").setAttribute("href", `#/subjects/${gallery}`);
  const asks = { id: "subject-reason", says: t("console.subject.open.says"), go: t("console.subject.open") };
  const form = reasonForm(visit, asks, async (reason) => showRecord(visit, await readRecord(visit, subject, reason)));
  byId("subject-ask-form").append(form);
}

async function showRecord(visit: Visit, held: Held): Promise<void> {
  const stations = new Map((await visit.all<Station>("/v1/stations")).map(({ id, name }) => [id, name]));
  byId("subjects-lists").hidden = byId("subject-ask").hidden = true;
  byId("subject").hidden = false;
  const back = `#/subjects/${held.gallery_id}`;
  byId("subject-back").setAttribute("href", back);
  byId("subject-back").addEventListener("click", () => {
    if (location.hash === back) visit.again(); // found by name from there: the address does not change
  });
  byId("subject-where").textContent = t("console.subject.where", { gallery: held.gallery, purpose: held.purpose });
  byId("subject-facts").replaceChildren(recordFacts(held));
  if (held.external_reference === null) byId("subject-name").replaceChildren(nameOf(visit, held.subject_id));
  else tellName(byId("subject-name"), held.external_reference);
  byId("subject-no-decisions").hidden = held.decisions.length > 0;
  byId("subject-decisions-table").hidden = held.decisions.length === 0;
  byId("subject-decisions").replaceChildren(
    ...held.decisions.toReversed().map(({ decided_at, outcome, reason, means, station_id }) =>
      row(
        dayAndTime(decided_at),
        outcomeInWords(outcome) + (reason === null ? "" : ` (${reasonInWords(reason)})`),
        meansInWords(means),
        station_id === null ? t("console.decisions.own") : (stations.get(station_id) ?? t("console.decisions.gone")),
      ),
    ),
  );
  offerActs(visit, held);
  focusOn(byId("subject-title"));
}

const row = (...texts: string[]): HTMLTableRowElement =>
  element("tr", {}, ...texts.map((text) => element("td", {}, text)));

function offerActs(visit: Visit, held: Held): void {
  const asks = { id: "subject-archive-reason", says: t("console.subject.archive.says"), go: t("console.subject.archive.go") };
  byId("subject-archive").replaceChildren(
    reasonForm(visit, asks, async (reason) => {
      const file = await visit.file(`/v1/subjects/${held.subject_id}/archive`, { reason }, "POST");
      save(`${held.subject_id}.zip`, file);
    }),
  );
  const asksWhyNew = {
    id: "subject-credentials-reason",
    label: t("console.subject.credentials.reason"),
    says: t("console.subject.credentials.entered"),
    go: t("console.subject.credentials"),
  };
  byId("subject-credentials").replaceChildren(
    reasonForm(visit, asksWhyNew, (reason) => newCredentials(visit, held, reason)),
  );
  const asksWhy = {
    id: "subject-withdraw-reason",
    label: t("console.subject.withdraw.reason"),
    says: t("console.subject.withdraw.entered"),
    go: t("console.subject.withdraw"),
  };
  byId("subject-withdraw").replaceChildren(reasonForm(visit, asksWhy, (reason) => withdraw(visit, held, reason)));
}

/** A new PIN and QR code for somebody who lost theirs. */
async function newCredentials(visit: Visit, held: Held, reason: string): Promise<void> {
  const asked = {
    title: t("console.subject.credentials.sure"),
    says: [t("console.subject.credentials.says"), t("console.subject.credentials.check")],
    yes: t("console.subject.credentials.yes"),
  };
  if (!(await askFirst(asked, visit.signal))) return;
  const made = await visit.ask<OtherWay>("POST", `/v1/subjects/${held.subject_id}/credentials`, { reason });
  showOtherWay("subject-way", made);
  byId("subject-way-card").hidden = false;
  focusOn(byId("subject-way-title"));
}

/** Withdraw for somebody who asked for it. */
async function withdraw(visit: Visit, held: Held, reason: string): Promise<void> {
  const asked = {
    title: t("console.subject.withdraw.sure"),
    says: [t("console.subject.withdraw.says"), t("console.subject.withdraw.check")],
    yes: t("console.subject.withdraw.yes"),
    grave: true,
  };
  if (!(await askFirst(asked, visit.signal))) return;
  await visit.ask("POST", `/v1/subjects/${held.subject_id}/withdrawal`, { reason });
  byId("subject").remove(); // with the name, where it was told
  byId("subject-gone").hidden = false;
  byId("subject-gone-says").textContent = t("console.subject.gone.says", { day: day(new Date().toISOString()) });
  byId("subject-gone-id").replaceChildren(code(held.subject_id));
  focusOn(byId("subject-gone-title"));
}
