/**
 * What waits for a person. There is no picture to look at: none is kept. Both people are asked to the desk, and what
 * was seen there decides.
 */

import type { Key } from "../shared/catalogue.js";
import { Problem } from "../server/api.js";
import { byId, element, ofKind } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { dayAndTime } from "../shared/words.js";
import { askFirst } from "./ask-first.js";
import type { Gallery } from "./galleries.js";
import { focusOn, nameOf, readRecord, recordFacts } from "./people.js";
import { listReasonIn, offerReason, reasonForm, reasonIn } from "./reason.js";
import type { Section, Visit } from "./section.js";

interface Review {
  id: string;
  kind: "probable_duplicate" | "photos_differ" | "look_alike";
  gallery_id: string;
  subject_id: string;
  other_subject_id: string | null;
  enrolment_id: string | null;
  /** The person sent the photos themselves; null: not known. */
  by_invitation: boolean | null;
  created_at: string;
}

interface Page {
  items: Review[];
  next: string | null;
}

const PAGE = 200;

export const section: Section = {
  async open(visit) {
    const [id] = visit.rest;
    const galleries = new Map((await visit.all<Gallery>("/v1/galleries")).map((one) => [one.id, one.name]));
    if (id !== undefined) return askForCase(visit, id, galleries);
    offerReason(visit, "reviews-reason");
    visit.onSend(ofKind(HTMLFormElement, "reviews-form"), () => list(visit, galleries));
  },
};

const said = (review: Review, part: string): string => t(`console.review.${review.kind}.${part}` as Key);

/** The queue, oldest first. */
async function read(visit: Visit, reason: string): Promise<Review[]> {
  const found: Review[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after === "" ? {} : { after }) });
    const page: Page = await visit.ask("GET", `/v1/reviews?${query}`, { reason });
    found.push(...page.items);
    after = page.next;
  }
  return found.sort((one, other) => one.created_at.localeCompare(other.created_at));
}

async function list(visit: Visit, galleries: ReadonlyMap<string, string>): Promise<void> {
  const found = await read(visit, listReasonIn(visit, "reviews-reason"));
  byId("reviews-none").hidden = found.length > 0;
  byId("reviews").replaceChildren(
    ...found.map((review) => {
      const link = element("a", { href: `#/reviews/${review.id}` }, said(review, "title"));
      const where = galleries.get(review.gallery_id) ?? review.gallery_id;
      const since = t("console.reviews.since", { time: dayAndTime(review.created_at), gallery: where });
      return element("li", {}, element("p", {}, element("b", {}, link)), element("p", { class: "soft" }, since));
    }),
  );
  byId("reviews-queue").hidden = false;
  byId("reviews-count").textContent = t("console.reviews.count", { n: found.length });
  focusOn(byId("reviews-title"));
}

function askForCase(visit: Visit, id: string, galleries: ReadonlyMap<string, string>): void {
  byId("reviews-ask").hidden = true;
  byId("review-ask").hidden = false;
  const asks = { id: "review-reason", says: t("console.review.open.says"), go: t("console.review.open") };
  byId("review-ask-form").append(
    reasonForm(visit, asks, async (reason) => {
      const review = (await read(visit, reason)).find((one) => one.id === id);
      if (review === undefined) return over();
      await showCase(visit, review, reason, galleries);
    }),
  );
}

/** Somebody else was quicker. */
function over(): void {
  byId("review-ask").hidden = true;
  byId("review-over").hidden = false;
  focusOn(byId("review-over-title"));
}

async function showCase(
  visit: Visit,
  review: Review,
  reason: string,
  galleries: ReadonlyMap<string, string>,
): Promise<void> {
  const { subject_id, other_subject_id } = review;
  const sides = [side(visit, "one", subject_id, review, reason)];
  if (other_subject_id !== null) sides.push(side(visit, "other", other_subject_id, review, reason));
  byId("review-sides").replaceChildren(...(await Promise.all(sides)));
  byId("review-title").textContent = said(review, "title");
  const where = galleries.get(review.gallery_id) ?? review.gallery_id;
  byId("review-since").textContent = t("console.reviews.since", { time: dayAndTime(review.created_at), gallery: where });
  byId("review-says").textContent = said(review, "says");
  byId("review-invited").hidden = review.by_invitation !== true;
  byId("review-no-photo").textContent = t(
    other_subject_id === null ? "console.review.no_photo.person" : "console.review.no_photo.people",
  );
  const steps = ["first", "second", "third"].map((step) => element("li", {}, said(review, step)));
  byId("review-steps").replaceChildren(...steps);
  offerChoices(visit, review);
  byId("review-ask").hidden = true;
  byId("review").hidden = false;
  focusOn(byId("review-title"));
}

/** One of the people, without a name. */
async function side(
  visit: Visit,
  which: "one" | "other",
  id: string,
  review: Review,
  reason: string,
): Promise<HTMLElement> {
  const title = said(review, which);
  const heading = element("h3", { id: `review-${which}` }, title);
  const card = element("section", { class: "sheet", "aria-labelledby": heading.id }, heading);
  try {
    card.append(recordFacts(await readRecord(visit, id, reason)), nameOf(visit, id, title));
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
    card.append(element("p", {}, t("console.review.gone")));
  }
  return card;
}

const CHOICES = {
  probable_duplicate: ["activate", "erase"],
  photos_differ: ["activate", "erase"],
  look_alike: ["noted"],
} as const;

function offerChoices(visit: Visit, review: Review): void {
  const choices = CHOICES[review.kind];
  byId("review-choices").append(
    ...choices.map((choice) => {
      const id = `review-choice-${choice}`;
      const says = element("small", { class: "soft" }, said(review, `${choice}_says`));
      const box = element("input", { type: "radio", name: "review-choice", id, value: choice });
      box.checked = choices.length === 1;
      const words = element("span", {}, said(review, choice), element("br", {}), says);
      return element("label", { class: "agree", for: id }, box, words);
    }),
  );
  visit.onSend(ofKind(HTMLFormElement, "review-form"), () => decide(visit, review));
}

async function decide(visit: Visit, review: Review): Promise<void> {
  const chosen = document.querySelector<HTMLInputElement>("input[name=review-choice]:checked");
  if (chosen === null) {
    document.querySelector<HTMLInputElement>("input[name=review-choice]")?.focus();
    throw new Error(t("console.review.choose"));
  }
  const reason = reasonIn("review-because");
  if (chosen.value === "erase") {
    const asked = {
      title: t("console.review.erase.sure"),
      says: [t("console.review.erase.says")],
      yes: t("console.review.erase.yes"),
      grave: true,
    };
    if (!(await askFirst(asked, visit.signal))) return;
  }
  const body = { resolution: chosen.value, reason };
  await visit.ask("POST", `/v1/reviews/${review.id}/resolution`, { body });
  byId("review").hidden = true;
  byId("review-done").hidden = false;
  byId("review-done-says").textContent = said(review, `${chosen.value}_done`);
  focusOn(byId("review-done-title"));
}
