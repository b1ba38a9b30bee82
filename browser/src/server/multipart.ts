/** multipart/form-data as bytes: a signed request has to know its body before it leaves. */

import { type Bytes, hex, utf8 } from "../crypto/bytes.js";

/**
 * @param photo JPEG
 * @param fields texts beside it
 */
export function onePhoto(
  name: string,
  photo: Bytes,
  fields: Readonly<Record<string, string>> = {},
): { bytes: Bytes; type: string } {
  const boundary = `visavis-${hex(crypto.getRandomValues(new Uint8Array(16)))}`;
  const texts = Object.entries(fields).map(
    ([field, text]) => `--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${text}\r\n`,
  );
  const head = utf8(
    `${texts.join("")}--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}.jpg"\r\n` +
      "Content-Type: image/jpeg\r\n\r\n",
  );
  const tail = utf8(`\r\n--${boundary}--\r\n`);
  const bytes = new Uint8Array(head.length + photo.length + tail.length);
  bytes.set(head);
  bytes.set(photo, head.length);
  bytes.set(tail, head.length + photo.length);
  return { bytes, type: `multipart/form-data; boundary=${boundary}` };
}
