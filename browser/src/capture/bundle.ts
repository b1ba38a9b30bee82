/** What leaves the device: one still picture, as a JPEG drawn here, so that no metadata of a camera or file is in it. */

import { PhotoTooLarge, PhotoUnreadable } from "./errors.js";
import type { Pose } from "./guide.js";

/** As large as the server takes, in bytes. */
export const MAX_BYTES = 12 * 1024 * 1024;
/** Pixels of the longest side. A face that fills the oval is some 600 wide then: five times what is compared. */
export const LONGEST_SIDE = 1920;
const QUALITY = 0.92;

export interface Bundle {
  readonly photo: Blob;
  readonly width: number;
  readonly height: number;
  readonly pose: Pose;
}

/** The size a picture is sent at. */
export function fitted(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A canvas with the picture on it, scaled down to what is sent. @throws {PhotoUnreadable} the browser has no canvas */
export function drawn(source: CanvasImageSource, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, fitted(width, height));
  const context = canvas.getContext("2d");
  if (context === null) throw new PhotoUnreadable();
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** @throws {PhotoUnreadable} the browser made no JPEG of it @throws {PhotoTooLarge} */
export async function bundled(canvas: HTMLCanvasElement, pose: Pose): Promise<Bundle> {
  const photo = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (photo === null || photo.type !== "image/jpeg") throw new PhotoUnreadable();
  if (photo.size > MAX_BYTES) throw new PhotoTooLarge();
  return { photo, width: canvas.width, height: canvas.height, pose };
}

/** A chosen file, upright, on a canvas. @throws {PhotoUnreadable} it is no picture that this browser opens */
export async function opened(file: Blob): Promise<HTMLCanvasElement> {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch (error) {
    throw new PhotoUnreadable(error);
  }
  try {
    return drawn(picture, picture.width, picture.height);
  } finally {
    picture.close();
  }
}
