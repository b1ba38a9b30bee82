/** The texts of one language, and how counts, dates and numbers are written in it. */

import type english from "../../../src/visavis/web/texts/en.json";

type Stored = keyof typeof english;

/** The name of a text. A counted text is named without its ending (`.one`, `.other`). */
export type Key = Stored | (Stored extends infer Name ? (Name extends `${infer Counted}.other` ? Counted : never) : never);

/** What is filled in. Numbers are written as the language writes them; `n` chooses the form of a counted text. */
export type Values = Readonly<Record<string, string | number>>;

export class Catalogue {
  readonly #texts: Readonly<Record<string, string>>;
  readonly #counting: Intl.PluralRules;
  readonly #numbers: Intl.NumberFormat;

  /** @param locale BCP 47; what `Intl` does not know is written as in English. */
  constructor(
    texts: Readonly<Record<string, string>>,
    readonly locale: string,
  ) {
    this.#texts = texts;
    this.#counting = new Intl.PluralRules(locale);
    this.#numbers = new Intl.NumberFormat(locale);
  }

  /** @throws {Error} there is no such text, or a value for it is missing. */
  t(key: Key, values: Values = {}): string {
    const text = this.find(key, values);
    if (text === null) throw new Error(`There is no text ${key}.`);
    return text;
  }

  /** A text that may be missing: one for each of many codes. */
  find(key: string, values: Values = {}): string | null {
    const text = this.#texts[key] ?? this.#counted(key, values["n"]);
    return text?.replace(/\{(\w+)\}/g, (_, name: string) => this.#told(key, name, values[name])) ?? null;
  }

  #counted(key: string, n: string | number | undefined): string | undefined {
    if (typeof n !== "number") return undefined;
    return this.#texts[`${key}.${this.#counting.select(n)}`] ?? this.#texts[`${key}.other`];
  }

  #told(key: string, name: string, value: string | number | undefined): string {
    if (value === undefined) throw new Error(`The text ${key} needs ${name}.`);
    return typeof value === "number" ? this.#numbers.format(value) : value;
  }
}
