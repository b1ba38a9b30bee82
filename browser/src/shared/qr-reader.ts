/** Reads a QR code in front of the camera or in a picture, on the device; no picture leaves it. */

import type jsQR from "jsqr";
import { Camera } from "../capture/camera.js";
import { CameraUnplugged } from "../capture/errors.js";

const WIDTH = 640;
/** Longest side of a picture that is looked at. */
const LARGEST = 1600;
const EVERY_MS = 120;

/**
 * The text of the first QR code that begins as asked.
 * @param signal gives it up; the camera is off in any case when this ends
 * @throws {CameraProblem} there is no camera, or it went away
 */
export async function readQr(video: HTMLVideoElement, begins: string, signal: AbortSignal): Promise<string> {
  const { default: decode } = await import("jsqr");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser has no canvas.");
  let gone: Error | null = null;
  const camera = new Camera(video, (problem) => (gone = problem ?? new CameraUnplugged()));
  // A camera may take its time to start, and is let go of all the same.
  signal.addEventListener("abort", () => camera.stop());
  try {
    await camera.start();
    for (;;) {
      signal.throwIfAborted();
      if (gone !== null) throw gone;
      const text = seen(video, context, decode);
      if (text?.startsWith(begins)) return text;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  } finally {
    camera.stop();
    canvas.width = canvas.height = 0;
  }
}

/** The text of the QR code in a picture; null where there is none. */
export async function qrIn(picture: Blob): Promise<string | null> {
  const { default: decode } = await import("jsqr");
  const bitmap = await createImageBitmap(picture);
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser has no canvas.");
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  canvas.width = canvas.height = 0;
  return decode(data, width, height, { inversionAttempts: "attemptBoth" })?.data ?? null;
}

function seen(video: HTMLVideoElement, context: CanvasRenderingContext2D, decode: typeof jsQR): string | null {
  if (video.videoWidth === 0) return null;
  const { canvas } = context;
  canvas.width = Math.min(WIDTH, video.videoWidth);
  canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  return decode(data, width, height, { inversionAttempts: "attemptBoth" })?.data ?? null;
}
