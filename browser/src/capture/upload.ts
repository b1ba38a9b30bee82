/** Sending a photo, with how far it is and a way to stop. */

import { onePhoto } from "../server/multipart.js";
import { UploadLost, UploadStopped } from "./errors.js";

export interface Upload {
  /** Name of the field: `photo` at most doors. */
  field?: string;
  /** Headers that show who sends it: called with the body, so that they can sign it. */
  headers?: (body: Uint8Array<ArrayBuffer>) => Promise<Record<string, string>> | Record<string, string>;
  /** Told the part that is on its way: 0 to 1. */
  progress?: (part: number) => void;
  signal?: AbortSignal;
}

/** The server's answer, a refusal included. */
export interface Answer {
  status: number;
  body: unknown;
}

/**
 * POST one photo as multipart/form-data.
 * @throws {UploadLost} the server was not reached @throws {UploadStopped} `signal` said so
 */
export async function upload(address: string, photo: Blob, options: Upload = {}): Promise<Answer> {
  const { field = "photo", headers = () => ({}), progress, signal } = options;
  const { bytes, type } = onePhoto(field, new Uint8Array(await photo.arrayBuffer()));
  const shown: Record<string, string> = await headers(bytes);
  if (signal?.aborted === true) throw new UploadStopped();
  return new Promise((resolve, reject) => {
    // fetch tells nothing about how far a body is on its way.
    const request = new XMLHttpRequest();
    const stop = (): void => request.abort();
    request.open("POST", address);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", type);
    for (const [name, value] of Object.entries(shown)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress?.(total > 0 ? loaded / total : 0);
    request.onload = () => resolve({ status: request.status, body: request.response });
    request.onerror = () => reject(new UploadLost());
    request.onabort = () => reject(new UploadStopped());
    request.onloadend = () => signal?.removeEventListener("abort", stop);
    signal?.addEventListener("abort", stop);
    request.send(bytes);
  });
}
