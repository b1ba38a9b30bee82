/**
 * The transparency log, checked here: notes, checkpoints, proofs and entries as C2SP and `spec/audit-log.md` have them.
 * Every refusal is a `Problem` with the code that the command line has for it.
 */

import { base64, base64url, type Bytes, fromBase64, hex, sha256, utf8 } from "../crypto/bytes.js";
import { signatureFits, toVerify } from "../crypto/keys.js";
import { Problem } from "../server/problem.js";
import { t } from "../shared/texts.js";

const HASH_BYTES = 32;
const MAX_PATH = 63;
const ED25519 = 0x01;
const HEADER = "c2sp.org/tlog-proof@v1";
const LABEL = "visavis-log-commitment-v1\n";
const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/** Keys under which one signature fits every text, without the sign bit. */
const SMALL_ORDER = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ...["ec", "ed", "ee"].map((first) => `${first}${"ff".repeat(30)}7f`),
];

export interface LogKey {
  name: string;
  id: string;
  raw: Bytes;
  line: string;
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
  note: string;
}

export interface Proof {
  index: number;
  path: Bytes[];
  checkpoint: string;
}

export interface Entry {
  event: string;
  day: string;
  commitment: string;
  [field: string]: string | number;
}

export const refusal = (code: string, detail: string, mend = t("log.keep")): Problem => new Problem({ code, detail, mend });

export const same = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);

function joined(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const leafHash = (entry: Uint8Array): Promise<Bytes> => sha256(joined(Uint8Array.of(0), entry));

export const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Bytes> =>
  sha256(joined(Uint8Array.of(1), left, right));

/** Base64 in its one spelling, or nothing. */
function strictly(text: string): Bytes | null {
  try {
    const bytes = fromBase64(text);
    return base64(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

/** A number as it stands in checkpoints and proofs; JavaScript counts exactly up to 2**53. */
function counted(text: string): number | null {
  const number = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : null;
}

/**
 * A log's key from its line (a *vkey*).
 * @throws {Problem} `verifier_key_malformed`
 */
export async function readKey(line: string): Promise<LogKey> {
  const [, name = "", id = "", material = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(line.trim()) ?? [];
  const bytes = strictly(material);
  const malformed = () => refusal("verifier_key_malformed", t("log.wrong.key"));
  if (bytes?.length !== 1 + HASH_BYTES || bytes[0] !== ED25519) throw malformed();
  const digest = await sha256(joined(utf8(`${name}\n`), bytes));
  if (hex(digest.slice(0, 4)) !== id) throw malformed();
  const raw = bytes.slice(1);
  const plain = joined(raw.slice(0, -1), Uint8Array.of((raw.at(-1) ?? 0) & 0x7f));
  if (SMALL_ORDER.includes(hex(plain))) throw malformed();
  return { name, id, raw, line: line.trim() };
}

/** The tree that a checkpoint's text names. */
function tree(text: string, note: string): Checkpoint {
  const [origin = "", count = "", hash = "", ...rest] = text.split("\n");
  const root = strictly(hash);
  const size = counted(count);
  if (rest.length !== 1 || rest[0] !== "" || origin === "" || size === null || root?.length !== HASH_BYTES) {
    throw refusal("checkpoint_malformed", t("log.wrong.checkpoint"));
  }
  if (size === 0 && hex(root) !== EMPTY_ROOT) {
    throw refusal("checkpoint_malformed", t("log.wrong.empty"));
  }
  return { origin, size, root, note };
}

/** The tree of a note whose signature is not looked at: one that was checked and kept before. */
export const keptTree = (note: string): Checkpoint => tree(note.slice(0, note.lastIndexOf("\n\n") + 1), note);

/**
 * A checkpoint that may be believed.
 *
 * 1. It is a note. 2. The log's key signed it, and no signature of that key is false. 3. It is of this log.
 *
 * @throws {Problem} `note_malformed` (1), `note_unsigned` (2), `checkpoint_malformed`, `checkpoint_foreign` (3)
 */
export async function requireCheckpoint(note: string, key: LogKey): Promise<Checkpoint> {
  const end = note.lastIndexOf("\n\n");
  const lines = note.slice(end + 2).split("\n");
  if (end < 1 || lines.pop() !== "" || lines.length === 0 || /[\x00-\x09\x0b-\x1f]/.test(note)) {
    throw refusal("note_malformed", t("log.wrong.note"));
  }
  const text = note.slice(0, end + 1);
  const ours = lines.map((line) => signatureOf(line, key)).filter((signature) => signature !== null);
  const verifier = await toVerify({ kty: "OKP", crv: "Ed25519", x: base64url(key.raw) });
  const fits = await Promise.all(ours.map((signature) => signatureFits(verifier, signature, utf8(text))));
  if (ours.length === 0 || !fits.every(Boolean)) {
    throw refusal("note_unsigned", t("log.wrong.signer", { key: key.name }));
  }
  const found = tree(text, note);
  if (found.origin !== key.name) throw refusal("checkpoint_foreign", t("log.wrong.foreign"));
  return found;
}

/** The signature in a line, if it says that it is this key's. */
function signatureOf(line: string, key: LogKey): Bytes | null {
  const [, name, material = ""] = /^\u2014 (\S+) (\S+)$/u.exec(line) ?? [];
  const bytes = strictly(material);
  if (name === undefined || bytes === null || bytes.length <= 4) {
    throw refusal("note_malformed", t("log.wrong.signature"));
  }
  return name === key.name && hex(bytes.slice(0, 4)) === key.id ? bytes.slice(4) : null;
}

/** @throws {Problem} `proof_malformed` */
export function readProof(text: string): Proof {
  const end = text.indexOf("\n\n");
  const [header, ...lines] = text.slice(0, Math.max(end, 0)).split("\n");
  const extra = lines[0]?.startsWith("extra ") ? strictly(String(lines.shift()).slice("extra ".length)) : [];
  const index = counted(/^index (.*)$/.exec(lines.shift() ?? "")?.[1] ?? "");
  const path = lines.map(strictly);
  const isStep = (step: Bytes | null): step is Bytes => step?.length === HASH_BYTES;
  if (header !== HEADER || extra === null || index === null || path.length > MAX_PATH || !path.every(isStep)) {
    throw refusal("proof_malformed", t("log.wrong.proof_form"), t("log.ask_again"));
  }
  return { index, path, checkpoint: text.slice(end + 2) };
}

/** What an inclusion proof is checked with; `leaf` is the leaf's hash. */
export interface Included {
  leaf: Bytes;
  proof: Proof;
  tree: Checkpoint;
}

/**
 * Check an inclusion proof (RFC 9162, 2.1.3.2).
 * @throws {Problem} `proof_wrong`
 */
export async function requireInclusion({ leaf, proof, tree: { size, root } }: Included): Promise<void> {
  const wrong = () => refusal("proof_wrong", t("log.wrong.proof", { index: proof.index }));
  if (proof.index >= size) throw wrong();
  let position = proof.index;
  let last = size - 1;
  let found = leaf;
  const half = (number: number) => Math.floor(number / 2); // shifts end at 2**32
  for (const step of proof.path) {
    if (last === 0) throw wrong();
    if (position % 2 === 1 || position === last) {
      found = await nodeHash(step, found);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      found = await nodeHash(found, step);
    }
    [position, last] = [half(position), half(last)];
  }
  if (last !== 0 || !same(found, root)) throw wrong();
}

/** RFC 8785 JSON. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const byName = value as Record<string, unknown>;
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonicalJson(byName[name])}`);
  return `{${members.join(",")}}`;
}

const RANDOM = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const DIGEST = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const KIND = /^(identify|verify|document_check|personal)$/;
const LIFE = ["offer", "grant", "decline", "enrol", "lapse", "admit", "credential", "withdraw", "erase", "carry"];

/** What entries have beside commitment, day, event and version. */
const FORMS: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  ...Object.fromEntries(LIFE.map((event) => [event, { handle: RANDOM }])),
  session: { kind: KIND, session: RANDOM },
  decision: {
    kind: KIND,
    means: /^(face|pin|qr)$/,
    outcome: /^(MATCH|NO_MATCH|REFUSED|REVIEW)$/,
    session: RANDOM,
  },
  reading: { act: /^(subject|unnamed|lookup|credentials|archive|subjects|decisions|reviews|look_alikes|import|readings|own)$/ },
  export: { act: /^(links|references_(requested|approved|refused|done))$/ },
  review: { act: /^(activate|erase|noted|found|declare|end|dispute)$/ },
  key: { act: /^(add|rotate|end)$/, of: /^(api_key|account|station|root|epoch|gallery|subject)$/ },
  policy: { act: /^(add|change)$/, of: /^(purpose|text|gallery|station)$/ },
  start: {},
  unseal: {},
  seal: {},
  backup: {},
  restore: {},
};

/** Whether there is such a day. */
const isDay = (text: string): boolean =>
  DAY.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;

/**
 * One entry.
 * @throws {Problem} `entry_malformed`
 */
export function readEntry(text: string): Entry {
  const malformed = () => refusal("entry_malformed", t("log.wrong.entry"));
  let entry;
  try {
    entry = JSON.parse(text);
  } catch {
    throw malformed();
  }
  const form = Object.hasOwn(FORMS, String(entry?.event)) ? FORMS[entry.event] : undefined;
  if (form === undefined || canonicalJson(entry) !== text || entry.v !== 1) throw malformed();
  const members = { ...form, commitment: DIGEST };
  const fits = Object.entries(members).every(([name, shape]) => typeof entry[name] === "string" && shape.test(entry[name]));
  const names = [...Object.keys(members), "day", "event", "v"].sort();
  if (!fits || !isDay(entry.day) || Object.keys(entry).sort().join() !== names.join()) throw malformed();
  return entry;
}

/** What an entry commits to, in base64url. */
export async function commitmentTo(salt: string, details: object): Promise<string | null> {
  const bytes = strictly(`${salt.replaceAll("-", "+").replaceAll("_", "/")}=`);
  if (bytes?.length !== HASH_BYTES) return null;
  return base64url(await sha256(joined(utf8(LABEL), bytes, utf8(canonicalJson(details)))));
}
