/** Compact JWS with alg Ed25519 (RFC 7515, RFC 9864), and nothing else. */

import { base64url, type Bytes, fromBase64url, utf8 } from "./bytes.js";
import { type PrivateJwk, type PublicJwk, signBytes, signatureFits, toSign, toVerify } from "./keys.js";
import { t } from "../shared/texts.js";

const ALGORITHM = "Ed25519";

/** RFC 8785 JSON of a flat object of strings: sorted names, no spaces. */
export const canonical = (flat: Record<string, string>): string => JSON.stringify(flat, Object.keys(flat).sort());

export interface ToSign {
  typ: string;
  payload: Record<string, string>;
  key: PrivateJwk;
  header?: object;
}

export async function signJws({ typ, payload, key, header = {} }: ToSign): Promise<string> {
  const head = base64url(utf8(JSON.stringify({ alg: ALGORITHM, typ, ...header })));
  const signed = `${head}.${base64url(utf8(canonical(payload)))}`;
  return `${signed}.${base64url(await signBytes(await toSign(key), utf8(signed)))}`;
}

/** A JWS in its parts. Nothing of it is checked: whoever reads `header` or `payload` says of what form they have to be. */
export interface Parts<Payload> {
  header: { alg?: string; typ?: string; jwk?: PublicJwk };
  payload: Payload;
  signed: Bytes;
  signature: Bytes;
}

/** What a JWS says, before anything is checked. @throws {Error} not a JWS */
export function partsOf<Payload>(token: string): Parts<Payload> {
  const [head, body, signature, ...more] = token.split(".");
  if (head === undefined || body === undefined || signature === undefined || more.length > 0) {
    throw new Error(t("receipt.not_jws"));
  }
  const [header, payload] = [head, body].map((part) => JSON.parse(new TextDecoder().decode(fromBase64url(part))));
  return { header, payload, signed: utf8(`${head}.${body}`), signature: fromBase64url(signature) };
}

/**
 * The payload, if the token has this type and one of these keys signed it.
 * @throws {Error} it does not check out
 */
export async function verifyJws<Payload>(token: string, { typ, keys }: { typ: string; keys: PublicJwk[] }): Promise<Payload> {
  const { header, payload, signed, signature } = partsOf<Payload>(token);
  if (header.alg !== ALGORITHM || header.typ !== typ) throw new Error(t("receipt.other_jws"));
  for (const key of keys) {
    if (key.kty === "OKP" && key.crv === "Ed25519" && (await signatureFits(await toVerify(key), signature, signed))) {
      return payload;
    }
  }
  throw new Error(t("receipt.signature_wrong"));
}
