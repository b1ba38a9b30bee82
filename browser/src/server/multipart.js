// @ts-check
/** multipart/form-data as bytes: a signed request has to know its body before it leaves. */

import { hex, utf8 } from "../crypto/bytes.js";

/**
 * @param {string} name
 * @param {Uint8Array<ArrayBuffer>} photo JPEG
 * @returns {{bytes: Uint8Array<ArrayBuffer>, type: string}}
 */
export function onePhoto(name, photo) {
  const boundary = `visavis-${hex(crypto.getRandomValues(new Uint8Array(16)))}`;
  const head = utf8(
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}.jpg"\r\n` +
      "Content-Type: image/jpeg\r\n\r\n",
  );
  const tail = utf8(`\r\n--${boundary}--\r\n`);
  const bytes = new Uint8Array(head.length + photo.length + tail.length);
  bytes.set(head);
  bytes.set(photo, head.length);
  bytes.set(tail, head.length + photo.length);
  return { bytes, type: `multipart/form-data; boundary=${boundary}` };
}
