/** `<visavis-capture>` on a page of this server, in its language. Elsewhere it comes with the words of its package. */

import { find, locale } from "../shared/texts.js";
import { define } from "./element.js";

define({
  locale,
  t(key, values) {
    const text = find(key, values);
    if (text === null) throw new Error(`There is no text ${key}.`);
    return text;
  },
});
