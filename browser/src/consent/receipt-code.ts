/**
 * The receipt's QR code: an address of the server's page "My data" with who the person is and their private key behind
 * the `#`, which browsers keep to themselves. Whoever scans it with a telephone is on that page with the key at hand.
 */

import { fromBase64, fromBase64url } from "../crypto/bytes.js";
import type { PrivateJwk, PublicJwk } from "../crypto/keys.js";
import type { Receipt } from "./receipt.js";

const BEGINS = "key=";
const FORM = /^key=(sub_[a-z2-7]{26})\.([A-Za-z0-9_-]{43})$/;
/** An Ed25519 key in PKCS #8 is this and its 32 bytes (RFC 8410, 10.3). */
const PKCS8 = fromBase64("MC4CAQAwBQYDK2VwBCIEIA==");

/** What the code holds. */
export const receiptAddress = ({ server, subject_id, private_key }: Receipt): string =>
  `${server}/me#${BEGINS}${subject_id}.${private_key.d}`;

/** Whether what stands behind `#` is meant to be from such a code. */
export const isReceiptCode = (fragment: string): boolean => fragment.startsWith(BEGINS);

/** Who the person is, and their key: enough to ask the server for everything else. */
export interface Holder {
  subject_id: string;
  private_key: PrivateJwk;
}

/** @returns null where a character of it got lost */
export async function readReceiptCode(fragment: string): Promise<Holder | null> {
  const [, subject, secret] = FORM.exec(fragment) ?? [];
  if (subject === undefined || secret === undefined) return null;
  try {
    const bytes = new Uint8Array([...PKCS8, ...fromBase64url(secret)]);
    const key = await crypto.subtle.importKey("pkcs8", bytes, { name: "Ed25519" }, true, ["sign"]);
    const { x, d } = (await crypto.subtle.exportKey("jwk", key)) as PublicJwk & { d: string };
    // The last character of 43 has two bits that say nothing: written otherwise, it is not what was printed.
    return d === secret ? { subject_id: subject, private_key: { kty: "OKP", crv: "Ed25519", x, d } } : null;
  } catch {
    return null;
  }
}
