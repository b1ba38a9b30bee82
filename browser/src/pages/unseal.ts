/** The page for custodians: give one share to a server that is sealed. */

import { call, Problem } from "../server/api.js";
import { byId, complain, fill, ofKind, onPress, show } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const AGAIN_MS = 3000;

const words = ofKind(HTMLTextAreaElement, "words");

/** Whether this visitor has given theirs: then the page only tells how far it is. */
let isGiven = false;

interface Seal {
  state: string;
  given: number;
  needed: number;
}

function tell({ state, given, needed }: Seal): void {
  fill({
    given: t("unseal.so_far", { given, needed }),
    "given-now": state === "OPENING" ? t("unseal.last") : t("unseal.more", { n: needed - given }),
  });
  if (state === "OPEN") show("open");
  else if (isGiven && byId("given").hidden) show("given");
}

async function look(): Promise<void> {
  try {
    const seal = await call<Seal>("GET", "/v1/unseal");
    tell(seal);
    if (seal.state === "OPEN") return;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    fill({ given: t("unseal.nobody_knows") });
  }
  setTimeout(() => void look(), AGAIN_MS);
}

onPress("give", "problem", async () => {
  const said = words.value.trim().split(/\s+/).join(" ");
  if (said === "") {
    complain("problem", t("unseal.type_first"));
    words.focus();
    return;
  }
  const seal = await call<Seal>("POST", "/v1/unseal", { body: { words: said } });
  words.value = "";
  isGiven = true;
  tell(seal);
});

void look();
