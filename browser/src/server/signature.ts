/** Signed requests: the same fixed profile of RFC 9421 as `visavis.wire.signature`. */

import { base64, base64url, type Bytes, sha256, utf8 } from "../crypto/bytes.js";
import { type PrivateJwk, signBytes, toSign } from "../crypto/keys.js";

const LABEL = "visavis";
const COMPONENTS = '("@method" "@path" "content-digest")';
const NONCE_BYTES = 18;

export interface Request {
  method: string;
  path: string;
  body: Bytes;
  signer: string;
  key: PrivateJwk | CryptoKey;
  /** Seconds since 1970; the server accepts 30 s either way. */
  created: number;
}

/** The three headers that sign one request. */
export async function signedHeaders({ method, path, body, signer, key, created }: Request): Promise<Record<string, string>> {
  const nonce = base64url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  const parameters = `${COMPONENTS};created=${created};nonce="${nonce}";keyid="${signer}";alg="ed25519"`;
  const digest = `sha-256=:${base64(await sha256(body))}:`;
  const base = [
    `"@method": ${method}`,
    `"@path": ${path}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${parameters}`,
  ].join("\n");
  const signature = await signBytes(key instanceof CryptoKey ? key : await toSign(key), utf8(base));
  return {
    "Content-Digest": digest,
    "Signature-Input": `${LABEL}=${parameters}`,
    Signature: `${LABEL}=:${base64(signature)}:`,
  };
}
