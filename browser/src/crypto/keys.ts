/** The person's own Ed25519 key: made here, kept by them, never sent. */

import type { Bytes } from "./bytes.js";

export interface PublicJwk {
  kty: "OKP";
  crv: "Ed25519";
  x: string;
}

export interface PrivateJwk extends PublicJwk {
  d: string;
}

const ALGORITHM = { name: "Ed25519" };

/** Whether this browser can make such a key: a recent one, on a secure page. */
export async function canMakeKeys(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

/** A new key, as the JWK that goes into the receipt. */
export async function makeKey(): Promise<PrivateJwk> {
  const pair = (await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as CryptoKeyPair;
  const { x, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return { kty: "OKP", crv: "Ed25519", x: String(x), d: String(d) };
}

export const publicHalf = ({ x }: PublicJwk): PublicJwk => ({ kty: "OKP", crv: "Ed25519", x });

export const toSign = ({ x, d }: PrivateJwk): Promise<CryptoKey> =>
  crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x, d }, ALGORITHM, false, ["sign"]);

export const toVerify = ({ x }: PublicJwk): Promise<CryptoKey> =>
  crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x }, ALGORITHM, false, ["verify"]);

export const signBytes = async (key: CryptoKey, bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, bytes));

export const signatureFits = (key: CryptoKey, signature: Bytes, bytes: Bytes): Promise<boolean> =>
  crypto.subtle.verify(ALGORITHM, key, signature, bytes);
