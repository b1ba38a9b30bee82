/** Light, sharpness and movement: measures of pixels. They say something about a picture and nothing about a person. */

import { type Face, points } from "./faces.js";

/** Pixels as a canvas gives them: red, green, blue, alpha. */
export interface Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** How light each pixel is, 0 to 255 (Rec. 601). */
export function greys({ data }: Pixels): Float32Array {
  const found = new Float32Array(data.length / 4);
  for (let i = 0, at = 0; i < found.length; i++, at += 4) {
    found[i] = 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
  }
  return found;
}

/** Mean light, 0 to 255, of the part of a picture inside a box; of all of it without one. */
export function light(grey: Float32Array, width: number, box?: Pick<Face, "left" | "top" | "width" | "height">): number {
  const height = grey.length / width;
  const within = box ?? { left: 0, top: 0, width, height };
  const [left, right] = [clamp(within.left, width), clamp(within.left + within.width, width)];
  const [top, bottom] = [clamp(within.top, height), clamp(within.top + within.height, height)];
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += grey[y * width + x] ?? 0;
  return sum / Math.max(1, (right - left) * (bottom - top));
}

const clamp = (value: number, most: number): number => Math.round(Math.min(most, Math.max(0, value)));

/** The lightest pixel: nothing is lit where it is black. */
export const brightest = (grey: Float32Array): number => grey.reduce((most, value) => Math.max(most, value), 0);

/**
 * How fine the detail of a picture is: the strength of its Laplacian for its contrast, so that light does not count.
 * (Pech-Pacheco et al., ICPR 2000, and normalised.)
 */
export function sharpness(grey: Float32Array, width: number): number {
  const height = grey.length / width;
  let edges = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const around = (grey[at - 1] ?? 0) + (grey[at + 1] ?? 0) + (grey[at - width] ?? 0) + (grey[at + width] ?? 0);
      edges += (around - 4 * (grey[at] ?? 0)) ** 2;
    }
  }
  const mean = light(grey, width);
  const contrast = grey.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return contrast === 0 ? 0 : edges / contrast;
}

/** How far a face went between two pictures, in its own widths per second. */
export function speed(before: Face, now: Face, seconds: number): number {
  const earlier = points(before);
  const ways = points(now).map(({ x, y }, n) => Math.hypot(x - (earlier[n]?.x ?? x), y - (earlier[n]?.y ?? y)));
  const mean = ways.reduce((sum, way) => sum + way, 0) / ways.length;
  return mean / now.width / Math.max(0.01, seconds);
}
