// @ts-check
/** Calls to this server, and what it says when it refuses. */

import { signedHeaders } from "./signature.js";
import { utf8 } from "../crypto/bytes.js";

/** A refusal, as the server words it: what happened, and what to do. */
export class Problem extends Error {
  /** @param {{code?: string, status?: number, title?: string, detail?: string, mend?: string, request_id?: string}} said */
  constructor(said) {
    super(said.detail || said.title || "The server refused.");
    this.name = "Problem";
    this.code = said.code ?? "unknown";
    this.status = said.status ?? 0;
    this.mend = said.mend ?? "";
    this.requestId = said.request_id ?? "";
    /** @type {unknown} what the server sent, where it has to be kept */
    this.evidence = null;
  }
}

/**
 * @typedef {{link?: string, body?: object, bytes?: Uint8Array<ArrayBuffer>, type?: string,
 *            as?: import("../consent/receipt.js").Receipt}} Call
 * `link`: the secret of a one-time link; `as`: the receipt whose owner signs the request.
 */

/** Most bytes that are read of a part of the log. */
const LONGEST = 256 * 1024;

/** Seconds that the server's clock is ahead of this device's; signed requests need the server's time. */
let ahead = 0;
let clockIsKnown = false;

async function learnClock() {
  if (clockIsKnown) return;
  const answer = await send("/healthz", { method: "GET" });
  const told = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(told)) ahead = Math.round((told - Date.now()) / 1000);
  clockIsKnown = true;
}

/** Now, by the server's clock. */
export const serverNow = () => new Date(Date.now() + ahead * 1000);

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function send(path, init) {
  try {
    return await fetch(path, { ...init, credentials: "omit", cache: "no-store", redirect: "error" });
  } catch {
    throw new Problem({
      code: "unreachable",
      detail: "The server did not answer.",
      mend: "Check your connection and try again.",
    });
  }
}

/**
 * One call. Gives the JSON of the answer, or null where there is none.
 * @param {"GET" | "POST"} method
 * @param {string} path
 * @param {Call} [options]
 * @returns {Promise<any>}
 * @throws {Problem}
 */
export async function call(method, path, options = {}) {
  const answer = await asked(method, path, options);
  return answer.json().catch(() => null);
}

/**
 * A file that the server makes.
 * @param {string} path
 * @param {Call} [options]
 * @returns {Promise<Blob>}
 * @throws {Problem}
 */
export const fetched = async (path, options = {}) => (await asked("GET", path, options, "*/*")).blob();

/**
 * The answer to one call, a success.
 * @param {"GET" | "POST"} method
 * @param {string} path
 * @param {Call} options
 * @param {string} [accept]
 */
async function asked(method, path, { link, body, bytes, type, as }, accept = "application/json") {
  /** @type {Record<string, string>} */
  const headers = { Accept: accept };
  const content = bytes ?? utf8(body === undefined ? "" : JSON.stringify(body));
  if (content.length > 0) headers["Content-Type"] = type ?? "application/json";
  if (link !== undefined) headers["Visavis-Link"] = link;
  if (as !== undefined) {
    await learnClock();
    const created = Math.floor(serverNow().getTime() / 1000);
    Object.assign(
      headers,
      await signedHeaders({ method, path, body: content, signer: as.subject_id, key: as.private_key, created }),
    );
  }
  const answer = await send(path, { method, headers, body: method === "GET" ? undefined : content });
  if (!answer.ok) throw new Problem({ status: answer.status, ...(await answer.json().catch(() => null)) });
  return answer;
}

/** The keys this server publishes for its signatures. @returns {Promise<import("../crypto/keys.js").PublicJwk[]>} */
export const publishedKeys = async () => (await call("GET", "/.well-known/jwks.json")).keys;

/**
 * A resource of the log, asked for as anybody would: nothing in the request says who looks.
 * @param {string} path below the log's prefix
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {Problem} `log_resource_missing` where there is none
 */
export async function logResource(path) {
  const answer = await send(`/log/${path}`, { method: "GET" });
  if (answer.status === 404) {
    throw new Problem({
      code: "log_resource_missing",
      detail: "A part of the log is not there.",
      mend: "Try again. If it stays, the log hides a part of itself: tell an auditor.",
    });
  }
  if (!answer.ok) throw new Problem({ status: answer.status, ...(await answer.json().catch(() => null)) });
  return beginning(answer);
}

/** What an answer begins with: no tile and no checkpoint is as long as this. @param {Response} answer */
async function beginning(answer) {
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
