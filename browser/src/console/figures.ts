/** How figures are written at the console. */

import { locale } from "../shared/texts.js";
import { element } from "../shared/dom.js";

const percents = new Intl.NumberFormat(locale, { style: "percent", maximumSignificantDigits: 3 });
const counts = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat(locale, { notation: "compact" });
const cosines = new Intl.NumberFormat(locale, { minimumFractionDigits: 3, maximumFractionDigits: 3 });

/** A share from 0 to 1. */
export const percent = (share: number): string => percents.format(share);

export const count = (number: number): string => counts.format(number);

/** A large number for an axis: "10K". */
export const short = (number: number): string => compact.format(number);

const shortCosines = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const shortDays = new Intl.DateTimeFormat(locale, { dateStyle: "short" });

/** For an axis. */
export const shortCosine = (value: number): string => shortCosines.format(value);

/** For an axis. @param at milliseconds since 1970 */
export const shortDay = (at: number): string => shortDays.format(at);

export const cosine = (value: number): string => cosines.format(value);

/** One row of a list of facts; a detail stands small below. */
export function fact(name: string, value: string | Node, detail = ""): HTMLElement {
  const told = element("dd", {}, value);
  if (detail !== "") told.append(element("br", {}), element("small", {}, detail));
  return element("div", {}, element("dt", {}, name), told);
}
