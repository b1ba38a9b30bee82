/** Records in plain words. */

import { find, locale, t } from "./texts.js";

export const day = (iso: string): string => new Intl.DateTimeFormat(locale, { dateStyle: "long" }).format(new Date(iso));

/** A day that is meant as a day, wherever it is read: 2031-05-04. */
export const date = (iso: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(new Date(iso));

export const dayAndTime = (iso: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

export const clock = (iso: string): string => new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(new Date(iso));

/** "1 in 1,000", never a rounder promise than was made. @param rate 0 < rate < 1 */
export const oneIn = (rate: number): string => t("words.one_in", { many: Math.floor(1 / rate + 1e-9) });

/** How often somebody may be wrongly recognised, as a purpose states it. */
export interface ErrorTarget {
  rate: string;
  at_most: string;
}

export const promise = ({ rate, at_most }: ErrorTarget): string =>
  t(rate === "fpir" ? "words.promise.fpir" : "words.promise.fmr", { share: oneIn(Number(at_most)) });

/** @param period ISO 8601 days */
export function days(period: string): string {
  const n = Number(/^P(\d+)D$/.exec(period)?.[1] ?? NaN);
  return Number.isNaN(n) ? period : t("words.days", { n });
}

export const watched = (mode: string): string => t(mode === "attended" ? "words.watched.attended" : "words.watched.device");

/** @param tag BCP 47 */
export function language(tag: string): string {
  try {
    return new Intl.DisplayNames(locale, { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** `document_check` as "document check". */
export const plain = (name: string): string => name.replaceAll("_", " ");

export const stateInWords = (state: string): string => find(`words.state.${state}`) ?? state;

export const outcomeInWords = (outcome: string): string => find(`words.outcome.${outcome}`) ?? outcome;

export const meansInWords = (means: string): string => find(`words.means.${means}`) ?? means;

export const kindInWords = (kind: string): string => find(`words.kind.${kind}`) ?? plain(kind);

export const readingInWords = (kind: string): string => find(`words.reading.${kind}`) ?? plain(kind);

/** Why something was refused or left to a person, by its code. */
export const reasonInWords = (reason: string): string => find(`words.reason.${reason}`) ?? plain(reason);

/** "NL" as "Netherlands (NL)"; other names of a law as they are. */
export function region(jurisdiction: string): string {
  if (!/^[A-Z]{2}$/.test(jurisdiction)) return jurisdiction;
  return `${new Intl.DisplayNames(locale, { type: "region" }).of(jurisdiction)} (${jurisdiction})`;
}
