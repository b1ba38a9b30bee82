/** The consent receipt: check the controller's offer, countersign it, keep the result. */

import { hex, sha256, utf8 } from "../crypto/bytes.js";
import { type PrivateJwk, type PublicJwk, publicHalf } from "../crypto/keys.js";
import { partsOf, signJws, verifyJws } from "../crypto/jws.js";
import { t } from "../shared/texts.js";
import { sentencesIn, sentencesOf } from "./sentences.js";

const OFFER_TYPE = "visavis-offer+jws";
const COUNTERSIGNATURE_TYPE = "visavis-countersignature+jws";
const GRANT_TYPE = "visavis-grant+jws";
const SCHEMA = "visavis-consent-receipt-1";
const FILE_VERSION = 1;

export interface Receipt {
  visavis_receipt: 1;
  server: string;
  subject_id: string;
  receipt_id: string;
  offer: string;
  countersignature: string;
  private_key: PrivateJwk;
  /** The key of the server's log as it was when the person agreed. */
  log_key?: string;
  /** The newest tree it showed. */
  log_checkpoint?: string;
  /** In memory only: the visit in whose name requests are signed, where there is no receipt. */
  visit_id?: string;
}

/** What a purpose says of itself in a record. */
export interface RecordedPurpose {
  purpose_id: string;
  purpose: string;
  processing_methods: string[];
  retention_period: string;
  backup_retention_period: string;
  ends_at?: string;
  liveness: string;
  error_target: { rate: string; at_most: string };
  recipients: string[];
}

/** The record in an offer: what the pages read of `spec/consent-receipt.md`. */
export interface ConsentRecord {
  schema_version: string;
  /** Of the record's own sentences; records of the first releases do not say it and are in English. */
  language?: string;
  record_id: string;
  pii_principal_id: string;
  gallery_id: string;
  pii_processing: {
    privacy_notice: { version: number; language: string; text: string; sha256: string };
    purposes: [RecordedPurpose];
    jurisdiction: string;
  };
  party_identification: [{ party_name: string; party_contact: string }];
  valid_until: string;
  /** A guardian agrees for the person, and their consent ends on this day. */
  guardian?: { until: string };
  /** The receipt in whose place this one steps. */
  renews?: string;
}

/**
 * The sentence that has to be agreed to with this record.
 * @throws {Error} the record is in a language in which there is none
 */
export function statementFor(record: Pick<ConsentRecord, "guardian" | "language">): string {
  const said = sentencesOf(record);
  if (said === undefined) throw new Error(t("receipt.offer_unknown"));
  return record.guardian === undefined ? said.person : said.guardian;
}

/** The language of the sentences in a record. */
export const spokenIn = (record: Pick<ConsentRecord, "language">): string => record.language ?? "en";

/** RFC 3339 in UTC, whole seconds. */
const stamp = (moment: Date): string => `${moment.toISOString().slice(0, 19)}Z`;

const digest = async (text: string): Promise<string> => hex(await sha256(utf8(text)));

/**
 * The record inside an offer.
 *
 * 1. One of the published keys signed it.
 * 2. It is a consent record of the form we know.
 * 3. The text in it is the one its digest names.
 *
 * @throws {Error} any of them does not hold
 */
export async function readOffer(offer: string, published: PublicJwk[]): Promise<ConsentRecord> {
  const record = await verifyJws<ConsentRecord>(offer, { typ: OFFER_TYPE, keys: published });
  if (record.schema_version !== SCHEMA) throw new Error(t("receipt.offer_unknown"));
  const notice = record.pii_processing.privacy_notice;
  if (notice.sha256 !== (await digest(notice.text))) throw new Error(t("receipt.offer_edited"));
  return record;
}

/** Agree to exactly this offer. */
export async function countersign(offer: string, key: PrivateJwk, now: Date): Promise<string> {
  const statement = statementFor(partsOf<ConsentRecord>(offer).payload);
  return signJws({
    typ: COUNTERSIGNATURE_TYPE,
    payload: { offer_sha256: await digest(offer), statement, given_at: stamp(now) },
    key,
    header: { jwk: publicHalf(key) },
  });
}

export interface ToGrant {
  sessionId: string;
  text: string;
  /** Of the text (BCP 47). */
  language: string;
  key: PrivateJwk;
  now: Date;
}

/** Grant one document check, with a key made for this once. */
export async function grant({ sessionId, text, language, key, now }: ToGrant): Promise<string> {
  return signJws({
    typ: GRANT_TYPE,
    payload: {
      session_id: sessionId,
      text_sha256: await digest(text),
      statement: sentencesIn(language).grant,
      given_at: stamp(now),
    },
    key,
    header: { jwk: publicHalf(key) },
  });
}

export interface ReceiptParts {
  server: string;
  record: Pick<ConsentRecord, "pii_principal_id" | "record_id">;
  offer: string;
  countersignature: string;
  key: PrivateJwk;
  logKey: string;
  earlier?: Receipt | null;
}

/** What the person keeps. What an earlier receipt pinned of the log stays. */
export function toReceipt({ server, record, offer, countersignature, key, logKey, earlier = null }: ReceiptParts): Receipt {
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
 * @throws {Error} in words for the person
 */
export function parseReceipt(text: string): Receipt {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error(t("receipt.not_json"));
  }
  const fields = ["server", "subject_id", "receipt_id", "offer", "countersignature"];
  const whole = file?.visavis_receipt === FILE_VERSION && fields.every((name) => typeof file[name] === "string");
  const key = file?.private_key;
  const ofTheLog = ["log_key", "log_checkpoint"].every((name) => ["string", "undefined"].includes(typeof file?.[name]));
  if (!whole || !ofTheLog || key?.crv !== "Ed25519" || typeof key.x !== "string" || typeof key.d !== "string") {
    throw new Error(t("receipt.not_whole"));
  }
  try {
    const signer = partsOf<unknown>(file.countersignature).header.jwk?.x;
    const person = partsOf<ConsentRecord>(file.offer).payload.pii_principal_id;
    if (signer === key.x && person === file.subject_id) return file;
  } catch {
    // Falls through to the same words: which part is damaged does not help anybody.
  }
  throw new Error(t("receipt.mixed"));
}
