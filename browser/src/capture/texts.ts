/** Where `<visavis-capture>` has its words from: whoever defines it says. */

/** Keys are those of the catalogues that begin with `capture.`; values stand in braces. */
export interface Texts {
  t(key: string, values?: Readonly<Record<string, string | number>>): string;
  /** BCP 47; a voice that speaks it reads the instructions. */
  readonly locale: string;
}

/** The keys themselves: what is shown where nobody brought words. */
export const NONE: Texts = { t: (key) => key, locale: "en" };
