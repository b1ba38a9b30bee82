/** Faces and measures that tests begin with. */

import type { Face } from "../src/capture/faces.js";
import type { Seen } from "../src/capture/guide.js";

/** A face that fits the oval of a picture of 320 by 180. */
export function face(changed: Partial<Face> = {}): Face {
  return {
    left: 125,
    top: 45,
    width: 70,
    height: 90,
    rightEye: { x: 145, y: 80 },
    leftEye: { x: 175, y: 80 },
    nose: { x: 160, y: 97 },
    rightMouth: { x: 148, y: 115 },
    leftMouth: { x: 172, y: 115 },
    score: 0.9,
    ...changed,
  };
}

/** The same face, turned: positive to its own left. */
export const turned = (turn: number): Face => face({ nose: { x: 160 + 30 * turn, y: 97 } });

/** A picture in which all is well. */
export const seen = (changed: Partial<Seen> = {}): Seen => ({
  width: 320,
  height: 180,
  faces: [face()],
  light: 120,
  brightest: 240,
  sharpness: 0.1,
  speed: 0.05,
  ...changed,
});
