/** The page behind an invitation: read the purpose, take photos, look at them, send them, then agree or decline. */

import type { PhotoDetail } from "../capture/element.js";
import { Answer } from "../consent/answer.js";
import { isOver, isTicked, minded, readTerms, showTerms } from "../consent/terms.js";
import { CameraPlace } from "../enrol/camera.js";
import { showList, showStrip } from "../enrol/gallery-view.js";
import { Photos } from "../enrol/photos.js";
import { Steps } from "../enrol/steps.js";
import { Problem } from "../server/api.js";
import { byId, calm, complain, fragment, onPress, show } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const STEPS = ["ask", "photos", "check", "sign"] as const;
type Step = (typeof STEPS)[number];

/** What only whoever invited can mend. */
const THEIRS = new Set(["gallery_full", "purpose_ended", "model_changed", "consent_expired"]);

const link = fragment();
const steps = new Steps<Step>(STEPS, arrived);
const answer = new Answer({ link, complaints: "sign-problem", leave: () => steps.leave() });
const photos = new Photos(link, changed);
const camera = new CameraPlace(taken);

async function start(): Promise<void> {
  try {
    await photos.recall();
    const asked = await readTerms(link);
    if (asked === null) {
      photos.forget();
      return answer.over();
    }
    // The photos of other links are those of whoever asks: there is nothing to take.
    if (asked.photos === null) return location.replace(`/consent#${link}`);
    answer.to(asked);
    showTerms(asked);
    camera.isForGuardian = asked.record.guardian !== undefined;
    photos.found(asked.photos);
    steps.go("ask");
  } catch (error) {
    complain("problem", error);
  }
}

/** Show a step. The camera is on in none but its own. */
function arrived(step: Step): void {
  calm(`${step}-problem`);
  if (step !== "photos") {
    camera.stop();
    photos.again(null);
  }
  show(step);
  if (step === "photos") void openCamera();
}

async function openCamera(): Promise<void> {
  const { missing } = photos;
  byId("taking").hidden = missing.length === 0;
  byId("camera-again").hidden = true;
  if (missing.length === 0) return;
  byId("photos-wait").hidden = false;
  try {
    await camera.offer(missing);
  } catch {
    const [detail, mend] = [t("enrol.camera.lost"), t("enrol.camera.lost.mend")];
    complain("photos-problem", new Problem({ code: "unreachable", detail, mend }));
    byId("camera-again").hidden = false;
  }
  byId("photos-wait").hidden = true;
}

function taken({ photo, pose, fromFile, done }: PhotoDetail): void {
  photos.add(photo, pose, fromFile);
  byId("photos-said").textContent = t("enrol.photo.taken", { number: photos.all.length });
  if (done) steps.go("check");
}

/** Everything on the page that tells of photos. */
function changed(): void {
  showStrip(photos);
  showList(photos, { again: takeAgain, drop });
  const here = photos.all.length;
  byId("enough").hidden = here === 0;
  byId("enough").textContent = t("enrol.enough", { n: here });
  byId("held").hidden = photos.held === 0 || photos.all.some((one) => one.fate === "taken");
  byId("held-said").textContent = held();
  byId("held-on").hidden = !photos.areOwn || here > 0;
  byId("sign-lead").textContent = t("enrol.sign.lead", { n: photos.held });
  const waiting = photos.waiting.length;
  const isSending = photos.all.some((one) => one.fate === "sending");
  byId("send").hidden = waiting === 0 && !isSending;
  if (!isSending) byId("send").textContent = t("enrol.send", { n: waiting });
  byId("to-sign").hidden = waiting > 0 || isSending || photos.held === 0;
  byId("add").hidden = isSending || photos.room === 0;
  byId("check-over").hidden = isSending || photos.held === 0;
  tellWhatCame();
}

/** What there is to say of photos that wait and cannot be shown. */
const held = (): string => t(photos.areOwn ? "enrol.held.own" : "enrol.held", { n: photos.held });

/** The heading over the photos: to be looked at, or what came of them. */
function tellWhatCame(): void {
  const sent = photos.all.filter((one) => one.fate === "taken" || one.fate === "refused").length;
  const came = photos.all.filter((one) => one.fate === "taken").length;
  if (photos.all.length === 0) {
    byId("check-title").textContent = t("enrol.check.before");
    byId("check-lead").textContent = held();
    return;
  }
  const how = sent === 0 ? null : came === sent ? "all" : came === 0 ? "none" : "some";
  byId("check-title").textContent = how === null ? t("enrol.check") : t(`enrol.check.${how}`, { n: came, sent });
  byId("check-lead").textContent = how === null ? t("enrol.check.lead") : t(`enrol.check.${how}.lead`);
}

function takeAgain(photo: Parameters<typeof photos.drop>[0]): void {
  if (steps.isBusy) return;
  // One that was refused does not count; its place is that of the next.
  photos.again(photo);
  steps.go("photos");
}

function drop(photo: Parameters<typeof photos.drop>[0]): void {
  if (steps.isBusy) return;
  photos.drop(photo);
  if (photos.all.length === 0 && photos.held === 0) steps.go("photos");
  else show("check");
}

/** Say what went wrong, with what the person can do: what is the controller's to mend, they can only tell. */
async function told(error: unknown): Promise<void> {
  if (isOver(error)) {
    photos.forget();
    return answer.ended();
  }
  if (error instanceof Problem && THEIRS.has(error.code)) error.mendBy(t("enrol.tell_them"));
  throw error;
}

/** One thing at a time, and "back" waits for it. */
async function busily(act: () => Promise<void>): Promise<void> {
  if (steps.isBusy) return;
  steps.isBusy = true;
  try {
    await act();
  } catch (error) {
    await told(error);
  } finally {
    steps.isBusy = false;
  }
}

async function send(): Promise<void> {
  byId("check-said").textContent = t("enrol.sending");
  try {
    await photos.send();
  } finally {
    byId("check-said").textContent = "";
  }
  show("check");
}

async function sign(): Promise<void> {
  try {
    await answer.agree(photos.digests);
  } catch (error) {
    if (!(error instanceof Problem && error.code === "photos_missing")) throw error;
    // Started over in another window; what was taken in this one is still here.
    photos.lost();
    steps.go(photos.all.length === 0 ? "photos" : "check");
    complain(`${steps.now}-problem`, error);
    return;
  }
  photos.forget();
}

async function decline(): Promise<void> {
  camera.stop();
  await answer.decline();
  photos.forget();
}

async function startOver(): Promise<void> {
  await photos.startOver();
  steps.go("photos");
}

onPress("go-on", "ask-problem", async () => {
  if (isTicked()) steps.go("photos");
});
for (const step of STEPS) onPress(`${step}-no`, `${step}-problem`, () => busily(decline));
for (const [id, where] of [["held", "held-problem"], ["check", "check-problem"], ["sign", "sign-problem"]] as const) {
  onPress(`${id}-over`, where, () => busily(startOver));
}
onPress("camera-again", "photos-problem", openCamera);
onPress("enough", "photos-problem", async () => steps.go("check"));
onPress("held-on", "held-problem", async () => steps.go("check"));
onPress("add", "check-problem", async () => steps.go("photos"));
onPress("send", "check-problem", () => busily(send));
onPress("to-sign", "check-problem", async () => steps.go("sign"));
onPress("yes", "sign-problem", () => busily(sign));
minded();
addEventListener("beforeunload", (event) => {
  if (photos.waiting.length > 0) event.preventDefault();
});
addEventListener("hashchange", () => {
  if (fragment() !== "" && fragment() !== link) location.reload();
});
void start();
