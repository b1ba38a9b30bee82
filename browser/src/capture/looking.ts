/** Looks at what the camera shows, ten times a second, and measures it. Nothing of it is kept or leaves the device. */

import { type Face } from "./faces.js";
import { type Finder, shownAt } from "./finder.js";
import { chosen, type Seen } from "./guide.js";
import { brightest, greys, light, sharpness, speed } from "./light.js";

/** Pixels of the square around the nose whose detail is measured, at the camera's own size. */
const DETAIL = 128;
/** Looks over which somebody has to be still. */
const LOOKS_BACK = 3;

export class Looking {
  readonly #video: HTMLVideoElement;
  readonly #small = surface();
  readonly #detail = surface();
  #before: { face: Face; at: number } | null = null;
  /** Of the last looks. Whoever turns round is slow for a moment, and not still. */
  #speeds: number[] = [];

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  /**
   * What is seen now.
   * @param finder null where there is none
   * @param now milliseconds
   * @returns null while the camera shows nothing yet
   */
  async look(finder: Finder | null, now: number): Promise<Seen | null> {
    const { videoWidth, videoHeight } = this.#video;
    if (videoWidth === 0 || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    const { width, height } = shownAt(videoWidth, videoHeight);
    this.#size(this.#small, width, height);
    this.#small.drawImage(this.#video, 0, 0, width, height);
    const pixels = this.#small.getImageData(0, 0, width, height);
    const grey = greys(pixels);
    const faces = finder === null ? null : await finder.find(pixels);
    const { face } = chosen(faces ?? []);
    return {
      width,
      height,
      faces,
      light: light(grey, width, face ?? undefined),
      brightest: brightest(grey),
      sharpness: face === null ? null : this.#sharpness(face, videoWidth / width),
      speed: this.#speed(face, now),
    };
  }

  /** Begin again: what was before is another picture. */
  forget(): void {
    this.#before = null;
    this.#speeds = [];
  }

  #speed(face: Face | null, now: number): number | null {
    const before = this.#before;
    this.#before = face === null ? null : { face, at: now };
    if (face === null || before === null) this.#speeds = [];
    else this.#speeds = [...this.#speeds, speed(before.face, face, (now - before.at) / 1000)].slice(-LOOKS_BACK);
    return this.#speeds.length === 0 ? null : Math.max(...this.#speeds);
  }

  #sharpness({ nose, width }: Face, factor: number): number {
    // As many pixels of the face as the server's own crop has, whatever the camera: so one limit fits all.
    const side = Math.min(0.6 * width * factor, this.#video.videoHeight);
    this.#size(this.#detail, DETAIL, DETAIL);
    this.#detail.drawImage(this.#video, nose.x * factor - side / 2, nose.y * factor - side / 2, side, side, 0, 0, DETAIL, DETAIL);
    return sharpness(greys(this.#detail.getImageData(0, 0, DETAIL, DETAIL)), DETAIL);
  }

  #size({ canvas }: CanvasRenderingContext2D, width: number, height: number): void {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }
}

function surface(): CanvasRenderingContext2D {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser draws nothing.");
  return context;
}
