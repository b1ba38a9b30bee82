/** multipart/form-data as bytes: a signed request has to know its body before it leaves. */

import { type Bytes, hex, utf8 } from "../crypto/bytes.js";

export interface Multipart {
  bytes: Bytes;
  type: string;
}

/**
 * @param photo JPEG
 * @param fields texts beside it
 */
export const onePhoto = (name: string, photo: Bytes, fields: Readonly<Record<string, string>> = {}): Multipart =>
  ofParts(fields, [[name, photo]]);

/**
 * @param fields texts, which come first
 * @param photos JPEGs with the names of their fields; several may have one name
 */
export function ofParts(fields: Readonly<Record<string, string>>, photos: readonly (readonly [string, Bytes])[]): Multipart {
  const boundary = `visavis-${hex(crypto.getRandomValues(new Uint8Array(16)))}`;
  const parts = Object.entries(fields).map(([field, text]) =>
    utf8(`--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${text}\r\n`),
  );
  for (const [name, photo] of photos) {
    const disposition = `Content-Disposition: form-data; name="${name}"; filename="${name}.jpg"`;
    parts.push(utf8(`--${boundary}\r\n${disposition}\r\nContent-Type: image/jpeg\r\n\r\n`), photo, utf8("\r\n"));
  }
  parts.push(utf8(`--${boundary}--\r\n`));
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, type: `multipart/form-data; boundary=${boundary}` };
}
