/** A check that asks for movements: what is asked is drawn when all is ready, filmed, and sent. */

import "../capture/page.js";
import type { Challenge, Variant } from "../capture/challenge.js";
import { VisavisCapture } from "../capture/element.js";
import { CaptureProblem } from "../capture/errors.js";
import { filmFrom } from "../capture/hands-free.js";
import type { Receipt } from "../consent/receipt.js";
import { call, signerOf } from "../server/api.js";
import { bundled } from "../server/capture.js";
import type { Multipart } from "../server/multipart.js";
import type { Key } from "../shared/catalogue.js";
import { byId, calm, complain, ofKind, onPress, paragraph, show } from "../shared/dom.js";
import { t } from "../shared/texts.js";

/** The session, and what asks the server for its decision and shows it. */
export interface Check {
  id: string;
  owner: Receipt;
  decide(path: string, body: Multipart, owner: Receipt): Promise<void>;
}

/** Tell what will be asked, and begin when the person says so. */
export function offerMoves(check: Check): void {
  const capture = ofKind(VisavisCapture, "capture");
  let attempt = new AbortController();
  void capture.prepare();
  const move = async (variant: Variant): Promise<void> => {
    attempt = new AbortController();
    const { signal } = attempt;
    calm("problem");
    show("look");
    try {
      await filmed(capture, check, variant, signal);
    } catch (error) {
      if (signal.aborted) return;
      show("moves");
      if (error instanceof CaptureProblem) tell(error);
      else complain("problem", error);
    }
  };
  onPress("move", "problem", () => move("whole"));
  onPress("only-head", "problem", () => move("head"));
  const stop = (): void => {
    attempt.abort();
    capture.stop();
    show("moves");
    byId("move").focus();
  };
  byId("look-stop").addEventListener("click", stop);
  // Whoever looks at something else is not filmed.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && !byId("look").hidden) stop();
  });
  show("moves");
}

async function filmed(capture: VisavisCapture, { id, owner, decide }: Check, variant: Variant, signal: AbortSignal): Promise<void> {
  const path = `/v1/personal-sessions/${id}`;
  const drawn = (): Promise<Challenge> => call("POST", `${path}/challenge`, { as: owner, body: { variant }, signal });
  const { challenge, film } = await filmFrom(capture, drawn, signal);
  show("sending");
  await decide(`${path}/verify`, await bundled(challenge, film, await signerOf(owner)), owner);
}

function tell({ code }: CaptureProblem): void {
  const said = [`capture.problem.${code}`, `capture.problem.${code}.mend`] as Key[];
  byId("problem").replaceChildren(...said.map((key) => paragraph({ text: t(key), lang: null })));
}
