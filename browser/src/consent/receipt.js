// @ts-check
/** The consent receipt: check the controller's offer, countersign it, keep the result. */

import { hex, sha256, utf8 } from "../crypto/bytes.js";
import { publicHalf } from "../crypto/keys.js";
import { partsOf, signJws, verifyJws } from "../crypto/jws.js";

export const STATEMENT = "I have read the purpose. I agree to be recognised for it until its date or until I withdraw.";
export const GRANT_STATEMENT =
  "I have read the purpose. I agree that my two pictures are compared once, now, and not kept.";

const OFFER_TYPE = "visavis-offer+jws";
const COUNTERSIGNATURE_TYPE = "visavis-countersignature+jws";
const GRANT_TYPE = "visavis-grant+jws";
const SCHEMA = "visavis-consent-receipt-1";
const FILE_VERSION = 1;

/**
 * @typedef {{visavis_receipt: 1, server: string, subject_id: string, receipt_id: string, offer: string,
 *            countersignature: string, private_key: import("../crypto/keys.js").PrivateJwk, log_key?: string,
 *            log_checkpoint?: string}} Receipt
 * `log_key`: the key of the server's log as it was when the person agreed; `log_checkpoint`: the newest tree it showed.
 */

/** RFC 3339 in UTC, whole seconds. @param {Date} moment */
const stamp = (moment) => `${moment.toISOString().slice(0, 19)}Z`;

/** @param {string} text */
const digest = async (text) => hex(await sha256(utf8(text)));

/**
 * The record inside an offer.
 *
 * 1. One of the published keys signed it.
 * 2. It is a consent record of the form we know.
 * 3. The text in it is the one its digest names.
 *
 * @param {string} offer
 * @param {import("../crypto/keys.js").PublicJwk[]} published
 * @returns {Promise<any>}
 * @throws {Error} any of them does not hold
 */
export async function readOffer(offer, published) {
  const record = await verifyJws(offer, { typ: OFFER_TYPE, keys: published });
  if (record.schema_version !== SCHEMA) throw new Error("The offer is of a form this page does not know.");
  const notice = record.pii_processing.privacy_notice;
  if (notice.sha256 !== (await digest(notice.text))) throw new Error("The text is not the one that was signed.");
  return record;
}

/** Agree to exactly this offer. @param {string} offer @param {import("../crypto/keys.js").PrivateJwk} key @param {Date} now */
export async function countersign(offer, key, now) {
  return signJws({
    typ: COUNTERSIGNATURE_TYPE,
    payload: { offer_sha256: await digest(offer), statement: STATEMENT, given_at: stamp(now) },
    key,
    header: { jwk: publicHalf(key) },
  });
}

/**
 * Grant one document check, with a key made for this once.
 * @param {{sessionId: string, text: string, key: import("../crypto/keys.js").PrivateJwk, now: Date}} what
 */
export async function grant({ sessionId, text, key, now }) {
  return signJws({
    typ: GRANT_TYPE,
    payload: {
      session_id: sessionId,
      text_sha256: await digest(text),
      statement: GRANT_STATEMENT,
      given_at: stamp(now),
    },
    key,
    header: { jwk: publicHalf(key) },
  });
}

/**
 * What the person keeps. What an earlier receipt pinned of the log stays.
 * @param {{server: string, record: any, offer: string, countersignature: string,
 *          key: import("../crypto/keys.js").PrivateJwk, logKey: string, earlier?: Receipt | null}} parts
 * @returns {Receipt}
 */
export function toReceipt({ server, record, offer, countersignature, key, logKey, earlier = null }) {
  return {
    visavis_receipt: FILE_VERSION,
    server,
    subject_id: record.pii_principal_id,
    receipt_id: record.record_id,
    offer,
    countersignature,
    private_key: key,
    log_key: earlier?.log_key ?? logKey,
    ...(earlier?.log_checkpoint === undefined ? {} : { log_checkpoint: earlier.log_checkpoint }),
  };
}

/**
 * Read a receipt file.
 *
 * 1. It is one of ours, whole.
 * 2. Its key is the one that countersigned, and its person the one that the offer names.
 *
 * @param {string} text
 * @returns {Receipt}
 * @throws {Error} in words for the person
 */
export function parseReceipt(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("This file is not a receipt: it is not JSON.");
  }
  const fields = ["server", "subject_id", "receipt_id", "offer", "countersignature"];
  const whole = file?.visavis_receipt === FILE_VERSION && fields.every((name) => typeof file[name] === "string");
  const key = file?.private_key;
  const ofTheLog = ["log_key", "log_checkpoint"].every((name) => ["string", "undefined"].includes(typeof file?.[name]));
  if (!whole || !ofTheLog || key?.crv !== "Ed25519" || typeof key.x !== "string" || typeof key.d !== "string") {
    throw new Error("This file is not a Visavis receipt, or a part of it is missing.");
  }
  try {
    const signer = partsOf(file.countersignature).header.jwk.x;
    const person = partsOf(file.offer).payload.pii_principal_id;
    if (signer === key.x && person === file.subject_id) return file;
  } catch {
    // Falls through to the same words: which part is damaged does not help anybody.
  }
  throw new Error("The parts of this receipt do not belong together. Use the file as it was saved.");
}
