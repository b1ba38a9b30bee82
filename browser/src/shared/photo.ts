/** A photo of the person, from their camera or a file, small and without metadata before it leaves the device. */

import { t } from "./texts.js";

const LONGEST_SIDE = 1600;
const QUALITY = 0.92;

async function toJpeg(source: CanvasImageSource, width: number, height: number): Promise<Blob> {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error(t("photo.no_canvas"));
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (blob === null) throw new Error(t("photo.no_file"));
  return blob;
}

/** A chosen file, upright and without metadata. @throws {Error} in words for the person */
export async function fromFile(file: File): Promise<Blob> {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Error(t("photo.unreadable"));
  }
  return toJpeg(picture, picture.width, picture.height);
}

/** Start the camera in a video element. @throws {Error} in words for the person */
export async function startCamera(video: HTMLVideoElement): Promise<void> {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "user", width: { ideal: 1280 } },
      audio: false,
    });
  } catch {
    throw new Error(t("photo.no_camera"));
  }
  await video.play();
}

export function stopCamera(video: HTMLVideoElement): void {
  const stream = video.srcObject;
  if (stream instanceof MediaStream) stream.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}

/** The picture the camera shows now. */
export const fromCamera = (video: HTMLVideoElement): Promise<Blob> => toJpeg(video, video.videoWidth, video.videoHeight);
