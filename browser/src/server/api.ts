/** Calls to this server. What it refuses is a `Problem`. */

import type { Receipt } from "../consent/receipt.js";
import { type Bytes, utf8 } from "../crypto/bytes.js";
import { type PublicJwk, toSign } from "../crypto/keys.js";
import { locale, t } from "../shared/texts.js";
import { Problem, type Reader } from "./problem.js";
import { signedHeaders } from "./signature.js";

export { Problem } from "./problem.js";

/** Whoever signs requests: `id` as the server knows them. */
export interface Signer {
  id: string;
  key: CryptoKey;
}

/** Whoever a receipt belongs to, or who stands in their place for a visit. */
export const signerOf = async (receipt: Receipt): Promise<Signer> => ({
  id: receipt.visit_id ?? receipt.subject_id,
  key: receipt.private_key instanceof CryptoKey ? receipt.private_key : await toSign(receipt.private_key),
});

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export interface Call {
  /** The secret of a one-time link. */
  link?: string;
  body?: object;
  bytes?: Bytes;
  type?: string;
  /** The receipt whose owner signs the request. */
  as?: Receipt;
  /** The station that signs it. */
  by?: Signer;
  /** Why something about people is read; whom it is about sees it. */
  reason?: string;
  /** As who is logged in at the console: the browser sends its cookie along. */
  session?: boolean;
  /** Who reads a refusal: an operator where somebody is logged in, else a person. */
  reader?: Reader;
  /** Gives the call up. */
  signal?: AbortSignal;
}

/** Most bytes that are read of a part of the log. */
const LONGEST = 256 * 1024;

/** Seconds that the server's clock is ahead of this device's; signed requests need the server's time. */
let ahead = 0;
let clockIsKnown = false;

/** How far the two clocks may drift apart before a signature is refused for it, in seconds; the server allows 30. */
const DRIFT = 15;

/** @returns whether the clock of this device was set since it was looked at last */
async function clockWasSet(): Promise<boolean> {
  const before = ahead;
  clockIsKnown = false;
  await learnClock();
  return Math.abs(ahead - before) > DRIFT;
}

async function learnClock(): Promise<void> {
  if (clockIsKnown) return;
  const answer = await send("/healthz", { method: "GET" });
  const told = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(told)) ahead = Math.round((told - Date.now()) / 1000);
  clockIsKnown = true;
}

/** Now, by the server's clock. */
export const serverNow = (): Date => new Date(Date.now() + ahead * 1000);

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { credentials: "omit", ...init, cache: "no-store", redirect: "error" });
  } catch {
    init.signal?.throwIfAborted();
    throw new Problem({
      code: "unreachable",
      detail: t("problem.unreachable.detail"),
      mend: t("problem.unreachable.mend"),
    });
  }
}

/** The refusal in an answer. */
const refused = async (answer: Response, reader: Reader = "person"): Promise<Problem> =>
  Problem.sent({ status: answer.status, ...(await answer.json().catch(() => null)) }, reader);

/**
 * One call. Gives the JSON of the answer, or null where there is none. That it has the form of an `Answer` is the
 * server's word: what is shown of it is shown as text.
 * @throws {Problem}
 */
export async function call<Answer>(method: Method, path: string, options: Call = {}): Promise<Answer> {
  const answer = await asked(method, path, options);
  return answer.json().catch(() => null);
}

/**
 * A file that the server makes, in the language of the page.
 * @throws {Problem}
 */
export const fetched = async (path: string, options: Call = {}, method: Method = "GET"): Promise<Blob> =>
  (await asked(method, path, options, { Accept: "*/*", "Accept-Language": locale })).blob();

/** The answer to one call, a success. A device whose clock was corrected meanwhile signs once more. */
async function asked(
  method: Method,
  path: string,
  options: Call,
  wanted?: Readonly<Record<string, string>>,
): Promise<Response> {
  try {
    return await askedOnce(method, path, options, wanted);
  } catch (error) {
    const mayBeClock = error instanceof Problem && error.code === "signature_refused";
    if (!mayBeClock || !(await clockWasSet())) throw error;
    return askedOnce(method, path, options, wanted);
  }
}

async function askedOnce(
  method: Method,
  path: string,
  { link, body, bytes, type, as, by, reason, session, reader = session === true ? "operator" : "person", signal }: Call,
  wanted: Readonly<Record<string, string>> = { Accept: "application/json" },
): Promise<Response> {
  const headers: Record<string, string> = { ...wanted };
  const content = bytes ?? utf8(body === undefined ? "" : JSON.stringify(body));
  if (content.length > 0) headers["Content-Type"] = type ?? "application/json";
  if (link !== undefined) headers["Visavis-Link"] = link;
  if (reason !== undefined) headers["Visavis-Reason"] = encodeURIComponent(reason);
  const signer = as === undefined ? by : await signerOf(as);
  if (signer !== undefined) {
    await learnClock();
    const created = Math.floor(serverNow().getTime() / 1000);
    Object.assign(headers, await signedHeaders({ method, path, body: content, signer: signer.id, key: signer.key, created }));
  }
  const init: RequestInit = { method, headers, body: method === "GET" ? null : content };
  if (session === true) init.credentials = "same-origin";
  const answer = await send(path, signal === undefined ? init : { ...init, signal });
  if (!answer.ok) throw await refused(answer, reader);
  return answer;
}

/** The keys this server publishes for its signatures. */
export const publishedKeys = async (): Promise<PublicJwk[]> =>
  (await call<{ keys: PublicJwk[] }>("GET", "/.well-known/jwks.json")).keys;

/**
 * A resource of the log, asked for as anybody would: nothing in the request says who looks.
 * @param path below the log's prefix
 * @throws {Problem} `log_resource_missing` where there is none
 */
export async function logResource(path: string): Promise<Bytes> {
  const answer = await send(`/log/${path}`, { method: "GET" });
  if (answer.status === 404) {
    throw new Problem({
      code: "log_resource_missing",
      detail: t("log.wrong.missing"),
      mend: t("log.wrong.missing.mend"),
    });
  }
  if (!answer.ok) throw await refused(answer);
  return beginning(answer);
}

/** What an answer begins with: no tile and no checkpoint is as long as this. */
async function beginning(answer: Response): Promise<Bytes> {
  const found = new Uint8Array(LONGEST);
  const reader = answer.body?.getReader();
  let length = 0;
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    const taken = part.value.subarray(0, LONGEST - length);
    found.set(taken, length);
    length += taken.length;
    if (length === LONGEST) void reader?.cancel();
  }
  return found.slice(0, length);
}
