/** What this page says, in its language. The texts are there when this module is: whoever imports it has waited for them. */

import { Catalogue } from "./catalogue.js";

const TRIES = 3;
const AGAIN_MS = 500;

async function load(address: string): Promise<Record<string, string>> {
  for (let tried = 1; ; tried++) {
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(`The server has no texts at ${address}.`);
      return await answer.json();
    } catch (error) {
      if (tried === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

const page = document.documentElement;
const here = new Catalogue(await load(page.dataset["texts"] ?? "/texts/en.json"), page.lang || "en-GB");

/** BCP 47, for dates, numbers and names. */
export const locale = here.locale;

/** One text, with values filled in. */
export const t: Catalogue["t"] = (key, values) => here.t(key, values);

/** A text that may be missing: one for each of many codes. */
export const find: Catalogue["find"] = (key, values) => here.find(key, values);
