// @ts-check
/** Entries of the log in plain words, for the person they are about. */

import { partsOf } from "../crypto/jws.js";
import { outcomeInWords, plain } from "../shared/words.js";

/** @type {Record<string, string>} */
const EVENTS = {
  carry: "You were known here before the log began",
  offer: "Your photos were enrolled and you were asked",
  grant: "You agreed",
  decline: "You said no",
  enrol: "You can be recognised from now on",
  lapse: "Some photos of you were taken out",
  admit: "You are served without your face",
  credential: "You were given a PIN and a QR code",
  withdraw: "You withdrew",
  erase: "What was held about you was destroyed",
  review: "A person looked at what the machine did not decide",
  export: "Your link was put into a file",
  key: "The key that seals what is held about you was exchanged",
};

/** @type {Record<string, string>} */
const READ = {
  subject: "Everything held about you was read",
  lookup: "Everything held about you was read, found by your name",
  decisions: "The result of your own check was read",
  import: "Your enrolment among many was read",
  archive: "Everything held about you was put into a file for you",
};

/** @type {Record<string, string>} */
const MEANS = { face: "Your face was compared", pin: "Your PIN was tried", qr: "Your QR code was tried" };

/** @type {Record<string, string>} */
const KINDS = { identify: "with everybody enrolled", verify: "with your name", personal: "on your own device" };

/** @type {Record<string, string>} */
const RESOLUTIONS = { activate: "Let through", erase: "Taken out", noted: "Noted" };

/** @param {import("./own-log.js").OwnEntry} own */
export function whatInWords({ entry }) {
  const { event, act, kind, means } = /** @type {Record<string, string>} */ (entry);
  if (event === "reading") return READ[act] ?? `A list was read: ${plain(act)}`;
  if (event === "export" && act === "references_done") return "Your references left this server, encrypted to the recipient that custodians approved";
  if (event === "review" && act === "dispute") return "Whoever was recognised as you at a station said that they are somebody else";
  if (event === "session") return `A check of your face was opened ${KINDS[kind] ?? plain(kind)}`;
  if (event === "decision") return means === "face" ? `${MEANS.face} ${KINDS[kind] ?? plain(kind)}` : MEANS[means] ?? plain(means);
  return EVENTS[event] ?? plain(event);
}

/** @param {import("./own-log.js").OwnEntry} own */
export function resultInWords({ entry, details }) {
  if (entry.event === "review") return RESOLUTIONS[String(entry.act)] ?? "";
  if (entry.event !== "decision") return "";
  return outcomeInWords(String(entry.outcome)) + (details.reason ? ` (${plain(String(details.reason))})` : "");
}

/** Who did it, and why, as far as the entry says it. @param {import("./own-log.js").OwnEntry} own */
export function whoInWords({ entry, details }) {
  if (entry.event === "reading" || entry.event === "export") return `By ${details.by}: ${details.reason}`;
  if (!details.station) return "";
  return `At ${details.station_name ?? details.station}`;
}

/**
 * The purpose of an entry, by the name in the person's own copy of what they agreed to.
 * @param {import("./own-log.js").OwnEntry} own
 * @param {import("../consent/receipt.js").Receipt} receipt
 */
export function purposeInWords({ details }, receipt) {
  const { gallery_id, pii_processing } = partsOf(receipt.offer).payload;
  const [{ purpose_id, purpose }] = pii_processing.purposes;
  const known = details.purpose === purpose_id || (details.purpose === undefined && details.gallery === gallery_id);
  return known ? purpose : String(details.purpose ?? details.gallery ?? "");
}
