/** The package `visavis-capture`: importing it defines `<visavis-capture>`, with words in English and German. */

import { Catalogue } from "../src/shared/catalogue.js";
import { define, VisavisCapture } from "../src/capture/element.js";
import type { Texts } from "../src/capture/texts.js";
import german from "../../src/visavis/web/texts/de.json";
import english from "../../src/visavis/web/texts/en.json";

export * from "../src/capture/errors.js";
export type { Bundle } from "../src/capture/bundle.js";
export type { CaptureEvents, GuidanceDetail, PhotoDetail } from "../src/capture/element.js";
export { type Instruction, INSTRUCTIONS, type Pose, POSES } from "../src/capture/guide.js";
export type { Texts } from "../src/capture/texts.js";
export { upload, type Answer, type Upload } from "../src/capture/upload.js";
export { VisavisCapture };

/** Words of your own, or other ones: keys as in `ENGLISH`, and a tag of BCP 47. */
export function words(texts: Readonly<Record<string, string>>, locale: string): Texts {
  const catalogue = new Catalogue(texts, locale);
  return {
    locale,
    t(key, values) {
      const text = catalogue.find(key, values) ?? ENGLISH[key];
      if (text === undefined) throw new Error(`There is no text ${key}.`);
      return text;
    },
  };
}

export const ENGLISH: Readonly<Record<string, string>> = english;
export const GERMAN: Readonly<Record<string, string>> = german;

const tag = document.documentElement.lang || navigator.language;
define(tag.toLowerCase().split("-")[0] === "de" ? words(GERMAN, tag) : words(ENGLISH, tag));
