/** The page for the holder of a document: grant one check, with a key made for it and forgotten. */

import { grant } from "../consent/receipt.js";
import { sentencesIn } from "../consent/sentences.js";
import { canMakeKeys, makeKey } from "../crypto/keys.js";
import { call, Problem, serverNow } from "../server/api.js";
import { byId, calm, complain, dropFragment, fill, fragment, input, onPress, show, speak } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/words.js";

const OVER = ["session_unknown", "session_expired", "session_used", "link_unknown"];

/** What the holder is asked. */
interface Terms {
  session_id: string;
  controller: string;
  language: string;
  text: string;
  statement: string;
  expires_at: string;
}

const link = fragment();
let asked: Terms | null = null;

const isOver = (error: unknown): boolean => error instanceof Problem && OVER.includes(error.code);

async function start(): Promise<void> {
  if (link === "") return show("over");
  try {
    const terms = await call<Terms>("GET", "/v1/grant", { link });
    const said = sentencesIn(terms.language);
    if (terms.statement !== said.grant) throw new Error(t("page.another_statement"));
    asked = terms;
    fill({ controller: terms.controller, statement: terms.statement, "link-until": clock(terms.expires_at) });
    speak(["statement"], said.language);
    const text = byId("text");
    text.lang = terms.language;
    text.dir = "auto";
    text.textContent = terms.text;
    show("ask");
  } catch (error) {
    if (isOver(error)) return show("over");
    complain("problem", error);
  }
}

async function agree(): Promise<void> {
  const box = input("agree");
  if (!box.checked) {
    complain("agree-problem", t("page.tick_first"));
    box.focus();
    return;
  }
  if (asked === null) return;
  if (!(await canMakeKeys())) throw new Error(t("grant.no_key"));
  const { session_id: sessionId, text, language } = asked;
  const signed = await grant({ sessionId, text, language, key: await makeKey(), now: serverNow() });
  try {
    await call<null>("POST", "/v1/grant", { link, body: { grant: signed } });
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
