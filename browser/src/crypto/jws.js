// @ts-check
/** Compact JWS with alg Ed25519 (RFC 7515, RFC 9864), and nothing else. */

import { base64url, fromBase64url, utf8 } from "./bytes.js";
import { signBytes, signatureFits, toSign, toVerify } from "./keys.js";

const ALGORITHM = "Ed25519";

/** RFC 8785 JSON of a flat object of strings: sorted names, no spaces. @param {Record<string, string>} flat */
export const canonical = (flat) => JSON.stringify(flat, Object.keys(flat).sort());

/**
 * @param {{typ: string, payload: Record<string, string>, key: import("./keys.js").PrivateJwk, header?: object}} what
 * @returns {Promise<string>}
 */
export async function signJws({ typ, payload, key, header = {} }) {
  const head = base64url(utf8(JSON.stringify({ alg: ALGORITHM, typ, ...header })));
  const signed = `${head}.${base64url(utf8(canonical(payload)))}`;
  return `${signed}.${base64url(await signBytes(await toSign(key), utf8(signed)))}`;
}

/** What a JWS says, before anything is checked. @param {string} token @throws {Error} not a JWS */
export function partsOf(token) {
  const parts = token.split(".");
  if (parts.length !== 3) throw new Error("This is not a compact JWS.");
  const [header, payload] = parts.slice(0, 2).map((part) => JSON.parse(new TextDecoder().decode(fromBase64url(part))));
  return { header, payload, signed: utf8(`${parts[0]}.${parts[1]}`), signature: fromBase64url(parts[2]) };
}

/**
 * The payload, if the token has this type and one of these keys signed it.
 * @param {string} token
 * @param {{typ: string, keys: import("./keys.js").PublicJwk[]}} expected
 * @returns {Promise<any>}
 * @throws {Error} it does not check out
 */
export async function verifyJws(token, { typ, keys }) {
  const { header, payload, signed, signature } = partsOf(token);
  if (header.alg !== ALGORITHM || header.typ !== typ) throw new Error("The JWS is of another kind.");
  for (const key of keys) {
    if (key.kty === "OKP" && key.crv === "Ed25519" && (await signatureFits(await toVerify(key), signature, signed))) {
      return payload;
    }
  }
  throw new Error("The signature does not check out.");
}
