/** What a one-time link asks: the controller's signed offer, checked, and put on the page in plain words. */

import { call, Problem, publishedKeys } from "../server/api.js";
import { byId, calm, complain, fill, fillContact, input, speak } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { date, day, dayAndTime, days, language, promise, region, watched } from "../shared/words.js";
import { type ConsentRecord, readOffer, type RecordedPurpose, spokenIn, statementFor } from "./receipt.js";

/** Photos of their own that somebody sent through an invitation, and how many it takes. */
export interface PhotosWaiting {
  held: number;
  at_least: number;
  at_most: number;
}

interface Terms {
  waiting: boolean;
  statement: string;
  offer: string;
  log_key: string;
  expires_at: string;
  photos: PhotosWaiting | null;
}

/** What the person is asked. */
export interface Asked {
  offer: string;
  record: ConsentRecord;
  statement: string;
  logKey: string;
  expiresAt: string;
  /** Null: the photos are those that were brought by whoever asks. */
  photos: PhotosWaiting | null;
}

export const isOver = (error: unknown): boolean => error instanceof Problem && error.code === "link_unknown";

/**
 * What the link asks; null where it asks nothing any more.
 * @throws {Problem} @throws {Error} the offer is not one to be shown
 */
export async function readTerms(link: string): Promise<Asked | null> {
  if (link === "") return null;
  try {
    const terms = await call<Terms>("GET", "/v1/consent", { link });
    if (!terms.waiting) return null;
    const { offer, statement, log_key: logKey, expires_at: expiresAt, photos } = terms;
    const record = await readOffer(offer, await publishedKeys());
    if (statement !== statementFor(record)) throw new Error(t("page.another_statement"));
    return { offer, record, statement, logKey, expiresAt, photos };
  } catch (error) {
    if (isOver(error)) return null;
    throw error;
  }
}

/** How long, and why no longer. */
function lasts({ retention_period, ends_at }: RecordedPurpose, until: string, guardianUntil: string): string {
  if (until.startsWith(`${guardianUntil}T00:00:00`)) return t("consent.lasts.guardian");
  if (ends_at === undefined) return days(retention_period);
  if (ends_at === until) return t("consent.lasts.purpose");
  return t("consent.lasts.sooner", { days: days(retention_period), day: day(ends_at) });
}

/** Until when the way in without a face stays, where the person said no. */
const stays = ({ retention_period, ends_at }: RecordedPurpose, until: string): string =>
  ends_at === until ? t("consent.stays.purpose") : t("consent.stays.over", { days: days(retention_period) });

/** The day with which a guardian's consent ends, in words; null where the person agrees. It is a day in UTC. */
export const guardianDay = ({ guardian }: ConsentRecord): string | null =>
  guardian === undefined ? null : date(guardian.until);

/** Fill the terms in, and show what is for whoever agrees: the person, or a guardian for them. */
export function showTerms({ record, statement, expiresAt }: Asked): void {
  const notice = record.pii_processing.privacy_notice;
  const [purpose] = record.pii_processing.purposes;
  const [controller] = record.party_identification;
  const guardian = guardianDay(record);
  fill({
    controller: controller.party_name,
    purpose: purpose.purpose,
    methods: purpose.processing_methods.slice(1).join(" "),
    until: day(record.valid_until),
    "guardian-until": guardian ?? "",
    days: lasts(purpose, record.valid_until, record.guardian?.until ?? "-"),
    stays: stays(purpose, record.valid_until),
    backups: days(purpose.backup_retention_period),
    promise: promise(purpose.error_target),
    watched: watched(purpose.liveness),
    recipients: purpose.recipients.length === 0 ? t("consent.recipients.nobody") : purpose.recipients.join(", "),
    jurisdiction: region(record.pii_processing.jurisdiction),
    version: String(notice.version),
    language: language(notice.language),
    statement,
    "link-until": dayAndTime(expiresAt),
  });
  speak(["methods", "statement"], spokenIn(record));
  fillContact(controller.party_contact);
  keepFor(guardian === null ? "self" : "guardian");
  const text = byId("text");
  text.lang = notice.language;
  text.dir = "auto";
  text.textContent = notice.text;
  byId("record").textContent = JSON.stringify(record, null, 2);
}

/** What is for the others goes: a heading is read with all that is in it, hidden or not. */
function keepFor(whose: "self" | "guardian"): void {
  for (const part of document.querySelectorAll<HTMLElement>("[data-for]")) {
    if (part.dataset["for"] === whose) part.hidden = false;
    else part.remove();
  }
}

/** Whether the box is ticked; where it is not, the page says so. */
export function isTicked(): boolean {
  const box = input("agree");
  if (!box.checked) {
    complain("agree-problem", t("page.tick_first"));
    box.focus();
  }
  return box.checked;
}

/** Take the complaint back when the box is ticked. */
export const minded = (): void => input("agree").addEventListener("change", () => calm("agree-problem"));
