/** A tablet people stand in front of. One thing at a time, and nothing is kept between two people. */

import type { Variant } from "../capture/challenge.js";
import "../capture/page.js";
import { VisavisCapture } from "../capture/element.js";
import { CaptureProblem } from "../capture/errors.js";
import { filmFrom, photoFrom } from "../capture/hands-free.js";
import { Problem } from "../server/api.js";
import { worded } from "../server/problem.js";
import { byId, calm, complain, fill, fillContact, input, ofKind, paragraph, show } from "../shared/dom.js";
import type { Key } from "../shared/catalogue.js";
import { qrSvg } from "../shared/qr.js";
import { find, t } from "../shared/texts.js";
import { day } from "../shared/words.js";
import { type Decision, Device, type OwnStation, pair, type Shown } from "../station/device.js";
import { type Identity, forget, freshKey, keep, kept } from "../station/identity.js";
import { bundled } from "../server/capture.js";
import { readQr } from "../shared/qr-reader.js";
import { onScanned } from "../station/scanner.js";

const QR = "vq1.";
/** How long an answer stands, and how long somebody may take for a step, in milliseconds. */
const GREETS = 6_000;
const EXPLAINS = 15_000;
const SCANS = 110_000;
const PATIENCE = 45_000;
/** How often a server that is away is asked whether it is back. */
const ASKS_AGAIN = [1_000, 2_000, 4_000, 8_000];
const LOOKS_AFTER_ITSELF = 60_000;

const capture = ofKind(VisavisCapture, "capture");
const qrVideo = ofKind(HTMLVideoElement, "qr-video");

let device: Device | null = null;
let own: OwnStation | null = null;
/** What is going on with the person in front; aborted when it ends, whatever ended it. */
let attempt = new AbortController();
let clock: ReturnType<typeof setTimeout> | undefined;
/** The name that somebody says is theirs, where faces are compared with one person only. */
let claimed: string | null = null;
/** What the person in front can do, where movements are asked for. */
let variant: Variant = "whole";
/** What somebody without their receipt typed, until their face was looked at. */
let shown: Shown | null = null;
/** Leads to their data, once. */
let dataLink: string | null = null;
let answered: Decision | null = null;
/** The decision of which the person in front said that it was not them; of nobody who comes later. */
let disputed: string | null = null;

/** Show a part; what is not touched for a while goes back to the beginning. */
function turnTo(id: string, within: number | null): void {
  clearTimeout(clock);
  show(id);
  byId("said").textContent = byId(id).querySelector("h1")?.textContent ?? "";
  if (within !== null) clock = setTimeout(() => void idle(), within);
}

/** End whatever was going on: camera off, nothing of the person left. */
function end(): void {
  attempt.abort();
  attempt = new AbortController();
  capture.stop();
  claimed = shown = dataLink = null;
  variant = "whole";
  answered = disputed = null;
  byId("data-code").replaceChildren();
  for (const told of ["answer-title", "answer-means"]) byId(told).replaceChildren();
  for (const box of ["claimed", "pin-name", "pin-digits", "data-name", "data-pin"]) input(box).value = "";
  for (const place of ["data-problem", "idle-problem", "look-problem", "way-problem", "pin-problem", "qr-problem", "answer-problem"]) calm(place);
}

async function idle(): Promise<void> {
  end();
  turnTo("idle", null);
  await device?.giveUp().catch(away);
}

/** Do something with the server; what stops it is shown at `place`, and the part of the page that has it. */
async function during(place: string, act: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { signal } = attempt;
  calm(place);
  try {
    await act(signal);
  } catch (error) {
    if (signal.aborted) return;
    if (isAway(error)) return away(error);
    if (error instanceof Problem && error.status === 401) return foreign();
    if (error instanceof Problem && error.code === "station_locked") void refresh();
    const part = byId(place).closest("[data-part]");
    if (part?.hasAttribute("hidden")) turnTo(part.id, PATIENCE);
    if (error instanceof CaptureProblem) return capturing(place, error);
    complain(place, error);
  }
}

function capturing(place: string, error: CaptureProblem): void {
  const mend = find(`station.${error.code}.mend`) ?? t(`capture.problem.${error.code}.mend` as Key);
  byId(place).replaceChildren(
    paragraph({ text: t(`capture.problem.${error.code}` as Key), lang: null }),
    paragraph({ text: mend, lang: null }),
  );
}

const AWAY = new Set(["unreachable", "not_ready", "server_sealed"]);
/** Whether the server answers nobody; one that only cannot look at a face just now serves people without theirs. */
const isAway = (error: unknown): error is Problem =>
  error instanceof Problem && (AWAY.has(error.code) || (error.code === "unknown" && error.status >= 500));

/** The server is away: nothing is kept, nobody waits in a queue, and the page says so until it is back. */
function away(error: unknown): void {
  if (!isAway(error)) return;
  end();
  byId("offline-why").replaceChildren(...error.sentences.map(paragraph));
  turnTo("offline", null);
  void untilBack();
}

let asking = false;
async function untilBack(): Promise<void> {
  if (asking) return;
  asking = true;
  try {
    for (let tried = 0; ; tried++) {
      await new Promise((resolve) => setTimeout(resolve, ASKS_AGAIN[Math.min(tried, ASKS_AGAIN.length - 1)]));
      if (await refresh()) return void idle();
      if (device === null) return;
    }
  } finally {
    asking = false;
  }
}

/** Ask what this station is for. @returns whether the server answered */
async function refresh(): Promise<boolean> {
  if (device === null) return false;
  try {
    tell(await device.own());
    return true;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) foreign();
    else if (isAway(error)) byId("offline-why").replaceChildren(...error.sentences.map(paragraph));
    return false;
  }
}

function tell(station: OwnStation): void {
  own = station;
  const { notice } = station;
  const until = notice.ends_at === null ? "" : ` ${t("station.notice.ends", { day: day(notice.ends_at) })}`;
  fill({
    purpose: notice.purpose,
    controller: notice.controller,
    retention: t("station.notice.days", { n: notice.retention_days }) + until,
  });
  fillContact(notice.contact);
  byId("text").lang = notice.language;
  byId("text").dir = "auto";
  byId("text").textContent = notice.text;
  byId("station-name").textContent = station.name;
  byId("notice").hidden = false;
  byId("face").setAttribute("aria-disabled", String(station.locked));
  byId("locked").hidden = !station.locked;
  byId("my-data-way").hidden = !station.attended || station.locked;
  byId("only-eyes").hidden = !station.attended;
  byId("face-how").textContent = t(isActive() ? "station.face.how_active" : "station.face.how");
}

/** The key is not this station's any more. */
function foreign(): void {
  end();
  device = null;
  turnTo("foreign", null);
}

async function begin(identity: Identity): Promise<void> {
  device = new Device(identity);
  try {
    tell(await device.own());
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return foreign();
    if (isAway(error)) return away(error);
    throw error;
  }
  if (own?.kinds.includes("document_check")) return turnTo("unfit", null);
  void capture.prepare();
  await idle();
}

async function pairNow(): Promise<void> {
  calm("pairing-problem");
  try {
    const { key, publicKey } = await freshKey();
    const station = await pair(input("code").value, publicKey);
    const identity = { id: station.station_id, key };
    await keep(identity);
    input("code").value = "";
    await begin(identity);
  } catch (error) {
    complain("pairing-problem", error);
  }
}

/** Whether movements are asked for. */
const isActive = (): boolean => own?.liveness.startsWith("active") ?? false;

/** Somebody asked to be recognised by their face. */
function lookAtFace(): void {
  if (own === null || own.locked) return;
  if (own.kinds.includes("identify") || claimed !== null) {
    if (isActive()) return turnTo("moves", PATIENCE);
    turnTo("look", PATIENCE);
    void during("look-problem", recognise);
  } else {
    turnTo("claim", PATIENCE);
  }
}

async function recognise(signal: AbortSignal): Promise<void> {
  if (device === null) return;
  const name = claimed;
  // The camera wakes while the session is opened.
  const opened = device.open(name === null ? "identify" : "verify", signal);
  const refused = new AbortController();
  opened.catch((error: unknown) => refused.abort(error));
  const photo = await photoFrom(capture, AbortSignal.any([signal, refused.signal]));
  const session = await opened;
  turnTo("wait", PATIENCE);
  const bytes = new Uint8Array(await photo.arrayBuffer());
  answer(
    name === null
      ? await device.identify(session, bytes, signal)
      : await device.verify(session, bytes, name, signal),
  );
}

/** Somebody was told that movements will be asked for, and said which they can do. */
function move(can: Variant): void {
  variant = can;
  turnTo("look", PATIENCE);
  void during("look-problem", recogniseMoving);
}

async function recogniseMoving(signal: AbortSignal): Promise<void> {
  if (device === null) return;
  const [station, name, can] = [device, claimed, variant];
  const opened = station.open(name === null ? "identify" : "verify", signal);
  const refused = new AbortController();
  opened.catch((error: unknown) => refused.abort(error));
  const either = AbortSignal.any([signal, refused.signal]);
  const { challenge, film } = await filmFrom(capture, async () => station.challenge(await opened, can, either), either);
  turnTo("wait", PATIENCE);
  const fields: Record<string, string> = name === null ? {} : { external_reference: name };
  const shown = await bundled(challenge, film, station.by, fields);
  answer(await station.filmed(await opened, name === null ? "identify" : "verify", shown, signal));
}

/** The other way: what somebody knows or holds. */
async function otherWay(
  place: string,
  decide: (station: Device, session: string, signal: AbortSignal) => Promise<Decision>,
): Promise<void> {
  await during(place, async (signal) => {
    if (device === null || own === null) return;
    const session = await device.open(own.kinds[0] ?? "identify", signal);
    turnTo("wait", PATIENCE);
    answer(await decide(device, session, signal));
  });
}

function byPin(): void {
  const name = input("pin-name").value.trim();
  const digits = input("pin-digits").value.trim();
  input("pin-digits").value = "";
  if (name === "" || !/^\d{6}$/.test(digits)) {
    byId("pin-problem").replaceChildren(paragraph({ text: t("station.pin.form"), lang: null }));
    return input(name === "" ? "pin-name" : "pin-digits").focus();
  }
  void otherWay("pin-problem", (station, session, signal) => station.pin(session, name, digits, signal, disputed));
}

function byQr(code: string): void {
  void otherWay("way-problem", (station, session, signal) => station.qr(session, code, signal, disputed));
}

function showQr(): void {
  turnTo("qr", PATIENCE);
  void during("qr-problem", async (signal) => byQr(await readQr(qrVideo, QR, signal)));
}

function answer(decision: Decision): void {
  answered = decision;
  const isMatch = decision.decision === "MATCH";
  const title = isMatch
    ? t("station.welcome", { name: decision.subject?.external_reference ?? "" })
    : (find(`station.${decision.reason}`) ?? t(`station.${decision.decision.toLowerCase()}` as Key));
  byId("answer-title").textContent = title;
  byId("answer-title").dir = "auto";
  const means = isMatch ? null : worded(decision.reason ?? decision.decision.toLowerCase(), "mend", decision.guidance ?? "");
  byId("answer-means").replaceChildren(...(means === null ? [] : [paragraph(means)]));
  byId("answer").dataset["decision"] = decision.decision;
  byId("answer-ways").hidden = isMatch;
  byId("again").hidden = decision.reason === "second_factor" || own?.locked === true;
  byId("not-me").hidden = !isMatch;
  turnTo("answer", isMatch ? GREETS : EXPLAINS);
}

/** Somebody without their receipt typed name and PIN; now their face is looked at. */
function proveOneself(): void {
  const [name, pin] = [input("data-name").value.trim(), input("data-pin").value.trim()];
  input("data-pin").value = "";
  if (name === "" || !/^\d{6}$/.test(pin)) {
    byId("data-problem").replaceChildren(paragraph({ text: t("station.pin.form"), lang: null }));
    return input(name === "" ? "data-name" : "data-pin").focus();
  }
  shown = { name, pin };
  turnTo("look", PATIENCE);
  void during("look-problem", known);
}

async function known(signal: AbortSignal): Promise<void> {
  if (device === null || shown === null) return;
  const [by, typed] = [device, shown];
  const opened = by.open("verify", signal);
  const refused = new AbortController();
  opened.catch((error: unknown) => refused.abort(error));
  const photo = await photoFrom(capture, AbortSignal.any([signal, refused.signal]));
  const session = await opened;
  turnTo("wait", PATIENCE);
  const decision = await by.ownData(session, new Uint8Array(await photo.arrayBuffer()), typed, signal);
  shown = null;
  if (decision.me_link === null) return missed(decision);
  dataLink = decision.me_link;
  byId("data-code").replaceChildren(qrSvg(dataLink, t("station.data.code")));
  turnTo("data", SCANS);
}

/** Face, name and PIN did not fit together, or the photo was no use. */
function missed(decision: Decision): void {
  answer(decision);
  if (decision.decision === "NO_MATCH") {
    byId("answer-title").textContent = t("station.data.missed");
    byId("answer-means").replaceChildren(paragraph({ text: t("station.data.missed.mend"), lang: null }));
  }
  byId("again").hidden = byId("answer-ways").hidden = true;
}

async function notMe(): Promise<void> {
  const decision = answered;
  if (decision === null || device === null) return;
  const station = device;
  turnTo("answer", EXPLAINS);
  await during("answer-problem", async (signal) => {
    await station.notMe(decision.decision_id, signal);
    // Whoever stands here by now is somebody else.
    signal.throwIfAborted();
    answered = null;
    disputed = decision.decision_id;
    byId("answer-title").textContent = t("station.not_me.noted");
    byId("answer-means").replaceChildren(paragraph({ text: t("station.not_me.next"), lang: null }));
    byId("answer").dataset["decision"] = "NOT_ME";
    byId("answer-ways").hidden = false;
    byId("again").hidden = true;
    byId("not-me").hidden = true;
    turnTo("answer", EXPLAINS);
  });
}

function onForm(id: string, act: () => void): void {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

const on = (id: string, act: () => void): void => byId(id).addEventListener("click", act);

on("face", lookAtFace);
on("move", () => move("whole"));
on("only-head", () => move("head"));
on("only-eyes", () => move("blink"));
on("moves-other-way", () => turnTo("way", PATIENCE));
on("no-face", () => turnTo("way", PATIENCE));
on("look-other-way", () => void idle().then(() => turnTo("way", PATIENCE)));
on("other-way", () => turnTo("way", PATIENCE));
on("again", () => {
  const name = claimed;
  end();
  claimed = name;
  lookAtFace();
});
on("by-pin", () => {
  turnTo("pin", PATIENCE);
  input("pin-name").focus();
});
on("by-qr", showQr);
on("my-data", () => {
  turnTo("prove", PATIENCE);
  input("data-name").focus();
});
on("data-here", () => {
  if (dataLink !== null) location.assign(`/me?here#${new URL(dataLink).hash.slice(1)}`);
});
on("data-done", () => void idle());
on("not-me", () => void notMe());
on("done", () => void idle());
on("read", () => ofKind(HTMLDialogElement, "notice-text").showModal());
on("pair-again", () => void forget().then(() => location.reload()));
for (const back of document.querySelectorAll("button.back")) back.addEventListener("click", () => void idle());
onForm("pairing-form", () => void pairNow());
onForm("pin-form", byPin);
onForm("data-form", proveOneself);
onForm("claim-form", () => {
  claimed = input("claimed").value.trim() || null;
  if (claimed !== null) lookAtFace();
});
onScanned(QR, (code) => {
  if (!byId("idle").hidden || !byId("way").hidden || !byId("qr").hidden) byQr(code);
});
document.addEventListener("visibilitychange", () => {
  // A tablet that slept: whoever stood here is gone.
  if (document.hidden) end();
  else if (device !== null) void idle().then(refresh);
});
addEventListener("online", () => void refresh());
setInterval(() => {
  if (!byId("idle").hidden) void refresh();
  else if (!byId("foreign").hidden) void again();
}, LOOKS_AFTER_ITSELF);

/** The key is kept until somebody gives it up: what kept the server from knowing it may be over. */
async function again(): Promise<void> {
  const known = await kept();
  if (known !== null) await begin(known);
}

const identity = await kept();
if (identity === null) turnTo("pairing", null);
else await begin(identity);
