// @ts-check
/** The page for the holder of a document: grant one check, with a key made for it and forgotten. */

import { Problem, call, serverNow } from "../server/api.js";
import { byId, calm, complain, dropFragment, fill, fragment, onPress, show } from "../shared/dom.js";
import { canMakeKeys, makeKey } from "../crypto/keys.js";
import { GRANT_STATEMENT, grant } from "../consent/receipt.js";
import { clock } from "../shared/words.js";

const link = fragment();

/** @type {{session_id: string, text: string} | null} */
let asked = null;

/** @param {unknown} error */
const isOver = (error) =>
  error instanceof Problem && ["session_unknown", "session_expired", "session_used", "link_unknown"].includes(error.code);

async function start() {
  if (link === "") return show("over");
  try {
    const terms = await call("GET", "/v1/grant", { link });
    if (terms.statement !== GRANT_STATEMENT) {
      throw new Error("The server asks for another statement than this page knows.");
    }
    asked = terms;
    fill({ controller: terms.controller, statement: terms.statement, "link-until": clock(terms.expires_at) });
    byId("text").textContent = terms.text;
    show("ask");
  } catch (error) {
    if (isOver(error)) return show("over");
    complain("problem", error);
  }
}

async function agree() {
  const box = /** @type {HTMLInputElement} */ (byId("agree"));
  if (!box.checked) {
    complain("agree-problem", "Tick the box first, if you agree. If not, choose No.");
    box.focus();
    return;
  }
  if (asked === null) return;
  if (!(await canMakeKeys())) {
    throw new Error("This browser cannot make a key. Update it, or open the link in another browser.");
  }
  const { session_id: sessionId, text } = asked;
  const signed = await grant({ sessionId, text, key: await makeKey(), now: serverNow() });
  try {
    await call("POST", "/v1/grant", { link, body: { grant: signed } });
  } catch (error) {
    if (isOver(error)) return show("over");
    throw error;
  }
  dropFragment();
  show("granted");
}

onPress("yes", "problem", agree);
onPress("no", "problem", async () => {
  asked = null;
  dropFragment();
  show("refused");
});
byId("agree").addEventListener("change", () => calm("agree-problem"));
addEventListener("hashchange", () => location.reload());
void start();
