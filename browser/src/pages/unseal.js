// @ts-check
/** The page for custodians: give one share to a server that is sealed. */

import { Problem, call } from "../server/api.js";
import { byId, complain, fill, onPress, show } from "../shared/dom.js";

const AGAIN_MS = 3000;

const words = /** @type {HTMLTextAreaElement} */ (byId("words"));

/** Whether this visitor has given theirs: then the page only tells how far it is. */
let isGiven = false;

/** @param {{state: string, given: number, needed: number}} seal */
function tell({ state, given, needed }) {
  const share = needed - given === 1 ? "share is" : "shares are";
  fill({
    given: `${given} of ${needed} shares are in.`,
    "given-now":
      state === "OPENING"
        ? "It was the last one: the server is loading what it needs."
        : `${needed - given} more ${share} needed.`,
  });
  if (state === "OPEN") show("open");
  else if (isGiven && byId("given").hidden) show("given");
}

async function look() {
  try {
    const seal = await call("GET", "/v1/unseal");
    tell(seal);
    if (seal.state === "OPEN") return;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    fill({ given: "Nobody knows how many shares are in: the server did not answer." });
  }
  setTimeout(() => void look(), AGAIN_MS);
}

onPress("give", "problem", async () => {
  const said = words.value.trim().split(/\s+/).join(" ");
  if (said === "") {
    complain("problem", "Type the words of your share first.");
    words.focus();
    return;
  }
  const seal = await call("POST", "/v1/unseal", { body: { words: said } });
  words.value = "";
  isGiven = true;
  tell(seal);
});

void look();
