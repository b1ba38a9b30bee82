// @ts-check
/** Signed requests: the same fixed profile of RFC 9421 as `visavis.wire.signature`. */

import { base64, base64url, sha256, utf8 } from "../crypto/bytes.js";
import { signBytes, toSign } from "../crypto/keys.js";

const LABEL = "visavis";
const COMPONENTS = '("@method" "@path" "content-digest")';
const NONCE_BYTES = 18;

/**
 * The three headers that sign one request. `created` is in seconds since 1970; the server accepts 30 s either way.
 * @param {{method: string, path: string, body: Uint8Array<ArrayBuffer>, signer: string,
 *          key: import("../crypto/keys.js").PrivateJwk, created: number}} request
 * @returns {Promise<Record<string, string>>}
 */
export async function signedHeaders({ method, path, body, signer, key, created }) {
  const nonce = base64url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  const parameters = `${COMPONENTS};created=${created};nonce="${nonce}";keyid="${signer}";alg="ed25519"`;
  const digest = `sha-256=:${base64(await sha256(body))}:`;
  const base = [
    `"@method": ${method}`,
    `"@path": ${path}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${parameters}`,
  ].join("\n");
  const signature = await signBytes(await toSign(key), utf8(base));
  return {
    "Content-Digest": digest,
    "Signature-Input": `${LABEL}=${parameters}`,
    Signature: `${LABEL}=:${base64(signature)}:`,
  };
}
