/** A check on the person's own device: one photo, or some movements, compared with their own template. */

import type { Receipt } from "../consent/receipt.js";
import { call } from "../server/api.js";
import { type Multipart, onePhoto } from "../server/multipart.js";
import { worded } from "../server/problem.js";
import { byId, calm, complain, dropFragment, element, fill, input, ofKind, onPress, paragraph, show } from "../shared/dom.js";
import { fromCamera, fromFile, startCamera, stopCamera } from "../shared/photo.js";
import { t } from "../shared/texts.js";
import { clock, outcomeInWords } from "../shared/words.js";

/** A session that a link opened. */
interface Opened {
  session_id: string;
  expires_at: string;
  /** How attack presentations are kept out: by a challenge where it begins with `active`. */
  liveness: string;
}

/** What came of it. */
interface Verdict {
  decision: string;
  reason: string | null;
  guidance: string | null;
}

const video = ofKind(HTMLVideoElement, "video");
const preview = ofKind(HTMLImageElement, "preview");

let session: { id: string; owner: Receipt } | null = null;
let photo: Blob | null = null;

/** Open the session that a link leads to. @throws {Problem} */
export async function openCheck(secret: string, owner: Receipt): Promise<void> {
  const body = { link_secret: secret };
  const opened = await call<Opened>("POST", "/v1/personal-sessions/opening", { as: owner, body });
  session = { id: opened.session_id, owner };
  const until = clock(opened.expires_at);
  fill({ "session-until": until, "moves-until": until });
  dropFragment();
  if (!opened.liveness.startsWith("active")) return show("session");
  // What finds faces on the device is large, and most checks take a photo.
  const { offerMoves } = await import("./moves.js");
  offerMoves({ id: opened.session_id, owner, decide });
}

async function decide(path: string, { bytes, type }: Multipart, owner: Receipt): Promise<void> {
  const verdict = await call<Verdict>("POST", path, { as: owner, bytes, type });
  fill({ verdict: outcomeInWords(verdict.decision) });
  byId("verdict-means").replaceChildren(...verdictMeans(verdict));
  show("decided");
}

function verdictMeans({ decision, reason, guidance }: Verdict): HTMLElement[] {
  const todo = worded(reason ?? undefined, "mend", guidance ?? undefined);
  if (guidance !== null && todo !== null) return [paragraph(todo), element("p", {}, t("me.decided.again"))];
  return [element("p", {}, decision === "MATCH" ? t("me.decided.match") : t("me.decided.not"))];
}

function review(taken: Blob): void {
  photo = taken;
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(taken);
  preview.hidden = false;
  stopCamera(video);
  video.hidden = true;
  byId("take").hidden = true;
  byId("camera").hidden = false;
  byId("send").hidden = false;
  byId("send").focus();
}

async function sendPhoto(): Promise<void> {
  if (photo === null || session === null) return;
  const body = onePhoto("photo", new Uint8Array(await photo.arrayBuffer()));
  await decide(`/v1/personal-sessions/${session.id}/verify`, body, session.owner);
  photo = null;
  URL.revokeObjectURL(preview.src);
}

onPress("camera", "problem", async () => {
  video.hidden = false;
  await startCamera(video).catch((error: unknown) => {
    video.hidden = true;
    throw error;
  });
  preview.hidden = byId("send").hidden = byId("camera").hidden = true;
  byId("take").hidden = false;
  byId("take").focus();
});
onPress("take", "problem", async () => review(await fromCamera(video)));
onPress("send", "problem", sendPhoto);
byId("photo").addEventListener("change", async () => {
  const picker = input("photo");
  const file = picker.files?.[0];
  calm("problem");
  try {
    if (file !== undefined) review(await fromFile(file));
  } catch (error) {
    complain("problem", error);
  } finally {
    picker.value = "";
  }
});
