// @ts-check
/** The person's own Ed25519 key: made here, kept by them, never sent. */

/** @typedef {{kty: "OKP", crv: "Ed25519", x: string}} PublicJwk */
/** @typedef {PublicJwk & {d: string}} PrivateJwk */

const ALGORITHM = { name: "Ed25519" };

/** Whether this browser can make such a key: a recent one, on a secure page. */
export async function canMakeKeys() {
  try {
    await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

/** A new key, as the JWK that goes into the receipt. @returns {Promise<PrivateJwk>} */
export async function makeKey() {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]));
  const { x, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return { kty: "OKP", crv: "Ed25519", x: String(x), d: String(d) };
}

/** @param {PrivateJwk} jwk @returns {PublicJwk} */
export const publicHalf = ({ x }) => ({ kty: "OKP", crv: "Ed25519", x });

/** @param {PrivateJwk} jwk */
export const toSign = ({ x, d }) =>
  crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x, d }, ALGORITHM, false, ["sign"]);

/** @param {PublicJwk} jwk */
export const toVerify = ({ x }) =>
  crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x }, ALGORITHM, false, ["verify"]);

/** @param {CryptoKey} key @param {Uint8Array<ArrayBuffer>} bytes */
export const signBytes = async (key, bytes) => new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, bytes));

/** @param {CryptoKey} key @param {Uint8Array<ArrayBuffer>} signature @param {Uint8Array<ArrayBuffer>} bytes */
export const signatureFits = (key, signature, bytes) => crypto.subtle.verify(ALGORITHM, key, signature, bytes);
