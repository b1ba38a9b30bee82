// @ts-check
/** A photo of the person, from their camera or a file, small and without metadata before it leaves the device. */

const LONGEST_SIDE = 1600;
const QUALITY = 0.92;

/**
 * @param {CanvasImageSource} source
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Blob>}
 */
async function toJpeg(source, width, height) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser cannot draw the photo.");
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (blob === null) throw new Error("This browser cannot save the photo.");
  return blob;
}

/** A chosen file, upright and without metadata. @param {File} file @throws {Error} in words for the person */
export async function fromFile(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Error("This file is not a photo that your browser can open. Choose a JPEG, PNG or WebP, or take one here.");
  }
  return toJpeg(picture, picture.width, picture.height);
}

/** Start the camera in a video element. @param {HTMLVideoElement} video @throws {Error} in words for the person */
export async function startCamera(video) {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "user", width: { ideal: 1280 } },
      audio: false,
    });
  } catch {
    throw new Error("The camera did not start. Allow it for this page, or choose a photo instead.");
  }
  await video.play();
}

/** @param {HTMLVideoElement} video */
export function stopCamera(video) {
  const stream = /** @type {MediaStream | null} */ (video.srcObject);
  stream?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}

/** The picture the camera shows now. @param {HTMLVideoElement} video */
export const fromCamera = (video) => toJpeg(video, video.videoWidth, video.videoHeight);
