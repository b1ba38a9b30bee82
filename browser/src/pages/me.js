// @ts-check
/** The person's own page: what is held, taking it along, withdrawing, and a check on their own device. */

import { Problem, call, fetched } from "../server/api.js";
import { byId, calm, complain, dropFragment, element, fill, fillContact, fragment, onPress, save, show } from "../shared/dom.js";
import { onePhoto } from "../server/multipart.js";
import { fromCamera, fromFile, startCamera, stopCamera } from "../shared/photo.js";
import { onReceipt } from "../consent/receipt-loader.js";
import { showLog } from "../log/who-looked.js";
import { clock, day, dayAndTime, kindInWords, meansInWords, outcomeInWords, plain, readingInWords, stateInWords } from "../shared/words.js";

const NOT_KNOWN =
  "If you withdrew, or the time you agreed to is over, this is right: nothing is held any more. " +
  "If not, ask the people who enrolled you.";
const linkSecret = /^session=(.+)$/.exec(fragment())?.[1] ?? null;
const video = /** @type {HTMLVideoElement} */ (byId("video"));
const preview = /** @type {HTMLImageElement} */ (byId("preview"));
const sure = /** @type {HTMLDialogElement} */ (byId("sure"));

/** @type {import("../consent/receipt.js").Receipt | null} */
let receipt = null;
/** @type {any} */
let held = null;
/** @type {string | null} */
let sessionId = null;
/** @type {Blob | null} */
let photo = null;

const owner = () => {
  if (receipt === null) throw new Error("Load your receipt first.");
  return receipt;
};

/** @param {import("../consent/receipt.js").Receipt} loaded */
async function begin(loaded) {
  receipt = loaded;
  byId("loading").textContent = "Asking the server …";
  try {
    await (linkSecret === null ? showHeld() : openSession(linkSecret));
  } catch (error) {
    if (error instanceof Problem && error.code === "signature_refused") error.mend = NOT_KNOWN;
    throw error;
  } finally {
    byId("loading").textContent = "";
  }
}

async function showHeld() {
  held = await call("GET", "/v1/me", { as: owner() });
  fill({
    state: stateInWords(held.state),
    name: held.external_reference,
    purpose: held.purpose,
    controller: held.controller,
    gallery: held.gallery,
    since: day(held.created_at),
    "other-way": held.other_way ? "A PIN and a QR code; hashes of them are kept." : "No PIN and no QR code are kept.",
    model: held.model_id,
  });
  fillContact(held.contact);
  list("references", held.references, (/** @type {string} */ made) => [`Made on ${day(made)}`]);
  byId("no-references").hidden = held.references.length > 0;
  byId("new-photos").hidden = !held.new_photos_offered;
  list("receipts", held.receipts, (/** @type {any} */ one) => [
    one.countersignature === null ? "Waiting for your answer" : `Agreed, until ${day(one.expires_at)}`,
    element("br", {}),
    element("small", {}, element("code", {}, one.receipt_id)),
  ]);
  byId("decisions").replaceChildren(...held.decisions.map(decisionRow));
  byId("no-decisions").hidden = held.decisions.length > 0;
  byId("decisions-scroll").hidden = held.decisions.length === 0;
  byId("readings").replaceChildren(...held.readings.map(readingRow));
  byId("no-readings").hidden = held.readings.length > 0;
  byId("readings-scroll").hidden = held.readings.length === 0;
  show("held");
  void showLog(owner());
}

/** @param {string} id @param {any[]} items @param {(item: any) => (Node | string)[]} words */
function list(id, items, words) {
  byId(id).replaceChildren(...items.map((item) => element("li", {}, ...words(item))));
}

/** @param {any} decision */
function decisionRow(decision) {
  const result = outcomeInWords(decision.outcome) + (decision.reason ? ` (${plain(decision.reason)})` : "");
  const means = decision.means === "face" ? `face, ${kindInWords(decision.kind)}` : meansInWords(decision.means);
  const cells = [dayAndTime(decision.decided_at), result, means];
  return element("tr", {}, ...cells.map((text) => element("td", {}, text)));
}

/** @param {any} reading */
function readingRow(reading) {
  const tampered = "Unknown: this record was changed afterwards.";
  const why = reading.reason ?? tampered;
  const cells = [dayAndTime(reading.read_at), reading.key_name ?? "Unknown", readingInWords(reading.kind), why];
  return element("tr", {}, ...cells.map((text) => element("td", {}, text)));
}

async function download() {
  const name = `visavis-about-${held.subject_id.slice(-6)}.zip`;
  save(name, await fetched("/v1/me/archive", { as: owner() }));
  byId("downloaded").textContent = `Saved as ${name}. Open about-you.html in it.`;
}

async function withdraw() {
  await call("POST", "/v1/me/withdrawal", { as: owner() });
  fill({ checked: await stillKnown() });
  sure.close();
  receipt = held = null;
  show("gone");
}

/** Ask again with the same key: the server must not know it any more. */
async function stillKnown() {
  try {
    await call("GET", "/v1/me", { as: owner() });
    return "Your browser asked again, and the server still answered. Tell the people who run it.";
  } catch (error) {
    return error instanceof Problem && error.status === 401
      ? "Your browser asked again with your key, and the server does not know it any more."
      : "Your browser could not ask again just now. Load your receipt later to see for yourself.";
  }
}

/** @param {string} secret */
async function openSession(secret) {
  const session = await call("POST", "/v1/personal-sessions/opening", { as: owner(), body: { link_secret: secret } });
  sessionId = session.session_id;
  fill({ "session-until": clock(session.expires_at) });
  dropFragment();
  show("session");
}

/** @param {Blob} taken */
function review(taken) {
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

async function sendPhoto() {
  if (photo === null || sessionId === null) return;
  const { bytes, type } = onePhoto("photo", new Uint8Array(await photo.arrayBuffer()));
  const path = `/v1/personal-sessions/${sessionId}/verify`;
  const decision = await call("POST", path, { as: owner(), bytes, type });
  photo = null;
  URL.revokeObjectURL(preview.src);
  fill({ verdict: outcomeInWords(decision.decision), "verdict-means": verdictMeans(decision) });
  show("decided");
}

/** @param {{decision: string, guidance: string | null}} decision */
function verdictMeans({ decision, guidance }) {
  if (guidance !== null) return `${guidance} Ask for a new link to try again.`;
  if (decision === "MATCH") return "The photo was compared with your template and is not kept. You can go on where you came from.";
  return "It happens, to the right people too. Ask for a new link to try again, or use your PIN.";
}

onReceipt({ input: "file", drop: "drop", complaints: "problem" }, begin);
onPress("download", "problem", download);
onPress("withdraw", "problem", async () => {
  calm("sure-problem");
  sure.showModal();
});
onPress("keep", "sure-problem", async () => sure.close());
onPress("really", "sure-problem", withdraw);
onPress("camera", "problem", async () => {
  video.hidden = false;
  await startCamera(video).catch((error) => {
    video.hidden = true;
    throw error;
  });
  preview.hidden = byId("send").hidden = byId("camera").hidden = true;
  byId("take").hidden = false;
  byId("take").focus();
});
onPress("take", "problem", async () => review(await fromCamera(video)));
onPress("send", "problem", sendPhoto);
onPress("see-held", "problem", showHeld);
byId("photo").addEventListener("change", async () => {
  const picker = /** @type {HTMLInputElement} */ (byId("photo"));
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
addEventListener("hashchange", () => location.reload());

if (linkSecret !== null) {
  byId("load-title").textContent = "A check of your face, started by you";
  byId("load-lead").textContent = "Load your receipt to open it. Then take one photo. The link is good for two minutes.";
}
