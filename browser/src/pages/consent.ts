/** The page behind a one-time link: read the purpose, then agree or decline. */

import { Answer } from "../consent/answer.js";
import { isTicked, minded, readTerms, showTerms } from "../consent/terms.js";
import { complain, dropFragment, fragment, onPress, show } from "../shared/dom.js";

const link = fragment();
const answer = new Answer({ link, complaints: "problem", leave: dropFragment });

async function start(): Promise<void> {
  try {
    const asked = await readTerms(link);
    if (asked === null) return answer.over();
    // An invitation has a page of its own, with a camera.
    if (asked.photos !== null) return location.replace(`/enrol#${link}`);
    answer.to(asked);
    showTerms(asked);
    show("ask");
  } catch (error) {
    complain("problem", error);
  }
}

onPress("yes", "problem", async () => {
  if (isTicked()) await answer.agree();
});
onPress("no", "problem", () => answer.decline());
minded();
addEventListener("hashchange", () => location.reload());
void start();
