/** A capture bundle (`spec/capture-bundle.md`): the frames of a film, and a manifest that binds them to one challenge. */

import type { Challenge } from "../capture/challenge.js";
import type { Film } from "../capture/film.js";
import { base64url, type Bytes, hex, sha256, utf8 } from "../crypto/bytes.js";
import { signBytes } from "../crypto/keys.js";
import type { Signer } from "./api.js";
import { ofParts } from "./multipart.js";

const HEADER = { alg: "Ed25519", typ: "visavis-capture+jws" };
const VERSION = "visavis-capture-1";

/** What is signed. All names are ASCII and all numbers whole, so that sorted names make it canonical (RFC 8785). */
export function payload(challenge: Challenge, film: Film, digests: readonly string[], signer: string): string {
  return JSON.stringify({
    began_ms: film.began_ms,
    frames: film.frames.map(({ at_ms }, number) => ({ at_ms, sha256: digests[number] })),
    nonce: challenge.nonce,
    session_id: challenge.session_id,
    signer,
    steps: film.steps.map((step) => ({ do: step.do, done_ms: step.done_ms, shown_ms: step.shown_ms })),
    version: VERSION,
  });
}

/** The body of a request that shows a film. @param fields texts beside it */
export async function bundled(
  challenge: Challenge,
  film: Film,
  by: Signer,
  fields: Readonly<Record<string, string>> = {},
): Promise<{ bytes: Bytes; type: string }> {
  const files = await Promise.all(film.frames.map(async ({ picture }) => new Uint8Array(await picture.arrayBuffer())));
  const digests = await Promise.all(files.map(async (file) => hex(await sha256(file))));
  const signed = `${base64url(utf8(JSON.stringify(HEADER)))}.${base64url(utf8(payload(challenge, film, digests, by.id)))}`;
  const manifest = `${signed}.${base64url(await signBytes(by.key, utf8(signed)))}`;
  return ofParts({ ...fields, manifest }, files.map((file) => ["stills", file]));
}
