/** The sentences that people sign, in each language in which they can be signed: `spec/consent-receipt.md` lists them. */

export interface Sentences {
  /** Its primary tag (BCP 47). */
  language: string;
  /** Whoever agrees for themselves. */
  person: string;
  /** In its place, whoever decides for a minor. */
  guardian: string;
  /** The holder of a document agrees to one check. */
  grant: string;
}

const ENGLISH: Sentences = {
  language: "en",
  person: "I have read the purpose. I agree to be recognised for it until its date or until I withdraw.",
  guardian:
    "I am this person's guardian and decide for them. I have read the purpose. I agree that they are recognised for it " +
    "until its date or until I withdraw.",
  grant: "I have read the purpose. I agree that my two pictures are compared once, now, and not kept.",
};

const GERMAN: Sentences = {
  language: "de",
  person:
    "Ich habe den Zweck gelesen. Ich willige ein, dafür erkannt zu werden, bis zum genannten Datum oder bis ich " +
    "widerrufe.",
  guardian:
    "Ich bin für diese Person sorgeberechtigt und entscheide für sie. Ich habe den Zweck gelesen. Ich willige ein, " +
    "dass sie dafür erkannt wird, bis zum genannten Datum oder bis ich widerrufe.",
  grant:
    "Ich habe den Zweck gelesen. Ich willige ein, dass meine beiden Bilder einmal, jetzt, verglichen und nicht " +
    "aufbewahrt werden.",
};

const ALL = [ENGLISH, GERMAN];

/** Those of a record, which names its language, or is in English; undefined where this page has none in it. */
export const sentencesOf = (record: { language?: string }): Sentences | undefined =>
  ALL.find(({ language }) => language === (record.language ?? ENGLISH.language));

/** Those that go with a text in this language (BCP 47; its region does not matter), or English. */
export const sentencesIn = (tag: string): Sentences =>
  sentencesOf({ language: tag.split("-", 1)[0]!.toLowerCase() }) ?? ENGLISH;
