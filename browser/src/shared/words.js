// @ts-check
/** Records in plain words. */

/** @param {string} iso */
export const day = (iso) => new Intl.DateTimeFormat("en-GB", { dateStyle: "long" }).format(new Date(iso));

/** @param {string} iso */
export const dayAndTime = (iso) =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

/** @param {string} iso */
export const clock = (iso) => new Intl.DateTimeFormat("en-GB", { timeStyle: "short" }).format(new Date(iso));

/** "1 in 1,000", never a rounder promise than was made. @param {number} rate 0 < rate < 1 */
export const oneIn = (rate) => `1 in ${new Intl.NumberFormat("en-GB").format(Math.floor(1 / rate + 1e-9))}`;

/** @param {{rate: string, at_most: string}} target */
export function promise({ rate, at_most }) {
  const share = oneIn(Number(at_most));
  return rate === "fpir"
    ? `Of strangers who try, at most ${share} is taken for somebody here.`
    : `Of people who say they are you, at most ${share} passes.`;
}

/** ISO 8601 days. @param {string} period */
export function days(period) {
  const count = Number(/^P(\d+)D$/.exec(period)?.[1] ?? NaN);
  if (Number.isNaN(count)) return period;
  return count === 1 ? "1 day" : `${new Intl.NumberFormat("en-GB").format(count)} days`;
}

/** @param {string} mode */
export const watched = (mode) =>
  mode === "attended"
    ? "A person watches while you are recognised."
    : "The device itself checks that a live person stands there.";

/** @param {string} tag BCP 47 */
export function language(tag) {
  try {
    return new Intl.DisplayNames("en-GB", { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** @type {Record<string, string>} */
const STATES = {
  CONSENTED: "You agreed to be recognised.",
  PENDING: "You have not agreed yet. Nothing is compared.",
  WITHOUT_FACE: "You use a PIN or QR code. No face is held.",
};

/** @param {string} state */
export const stateInWords = (state) => STATES[state] ?? state;

/** @type {Record<string, string>} */
const OUTCOMES = {
  MATCH: "Recognised",
  NO_MATCH: "Not recognised",
  REFUSED: "Not decided",
  REVIEW: "A person has to look",
};

/** @param {string} outcome */
export const outcomeInWords = (outcome) => OUTCOMES[outcome] ?? outcome;

/** @type {Record<string, string>} */
const MEANS = { face: "face", pin: "PIN", qr: "QR code" };

/** @param {string} means */
export const meansInWords = (means) => MEANS[means] ?? means;

/** @type {Record<string, string>} */
const KINDS = { identify: "among everybody enrolled", verify: "with your name", personal: "on your own device" };

/** @param {string} kind */
export const kindInWords = (kind) => KINDS[kind] ?? plain(kind);

/** "NL" as "Netherlands (NL)"; other names of a law as they are. @param {string} jurisdiction */
export function region(jurisdiction) {
  if (!/^[A-Z]{2}$/.test(jurisdiction)) return jurisdiction;
  return `${new Intl.DisplayNames("en-GB", { type: "region" }).of(jurisdiction)} (${jurisdiction})`;
}

/** `document_check` as "document check". @param {string} name */
export const plain = (name) => name.replaceAll("_", " ");

/** @type {Record<string, string>} */
const READINGS = {
  subject: "Everything held about you",
  lookup: "Everything held about you, found by your name",
  decisions: "What was decided in a check that you started",
  import: "Your enrolment among many",
  archive: "Everything held about you, taken away as a file for you",
};

/** @param {string} kind */
export const readingInWords = (kind) => READINGS[kind] ?? plain(kind);
