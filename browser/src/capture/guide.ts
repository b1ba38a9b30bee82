/** What to say to the person in front of the camera: one thing at a time. Measures in, an instruction out. */

import { type Face, heading } from "./faces.js";

/** How the head is to be held; left and right are the person's own. */
export const POSES = ["straight", "left", "right"] as const;
export type Pose = (typeof POSES)[number];

/** In the order in which they are said: it helps nobody to turn who is not seen yet. */
export const INSTRUCTIONS = [
  "black",
  "nobody",
  "several",
  "closer",
  "back",
  "centre",
  "dark",
  "bright",
  "straight",
  "left",
  "right",
  "still",
  "blurred",
  "hold",
  "unguided",
] as const;
export type Instruction = (typeof INSTRUCTIONS)[number];

/** What was measured in one picture. */
export interface Seen {
  /** Of the picture that the faces were found in, in pixels. */
  width: number;
  height: number;
  /** The faces, best first; null where nothing on this device finds them. */
  faces: readonly Face[] | null;
  /** Mean light of the face, or of the picture where there is none: 0 to 255. */
  light: number;
  /** The lightest pixel: 0 to 255. */
  brightest: number;
  /** See `sharpness`; null where it was not measured. */
  sharpness: number | null;
  /** In widths of the face per second; null for the first picture. */
  speed: number | null;
}

/** The size of the oval in the middle of a picture. A face that fits it is large enough for every check of the server. */
export function oval(picture: { width: number; height: number }): { width: number; height: number } {
  // A phone held upright has room above and below, and none beside.
  const room = Math.min(picture.height, (4 / 3) * picture.width);
  return { width: 0.54 * room, height: 0.74 * room };
}

const BLACK = 16;
const DARK = 55;
const BRIGHT = 225;
const BLURRED = 0.012;
const MOVING = 0.45;
/** Widths of the face, in widths of the oval. */
const FAR = 0.5;
const NEAR = 1.0;
/** How far the middle of the face may be from the oval's, in widths of the oval. */
const BESIDE = 0.28;
/** See `Heading.turn`. A head that looks straight ahead is within the first; one turned by some 10° is in the second. */
const STRAIGHT = 0.14;
const TURNED = { least: 0.12, most: 0.5 } as const;
const LEANING = 18;
/** Rule of the server: another face at least half as wide as the largest is refused. */
const ANOTHER = 0.5;
/** What was good stays good until it is this much worse: no flicker at a limit. */
const PATIENCE = 1.25;

/** The largest face, and whether another one is too large to be background. */
export function chosen(faces: readonly Face[]): { face: Face | null; several: boolean } {
  const [face = null, second] = [...faces].sort((one, other) => other.width - one.width);
  return { face, several: face !== null && second !== undefined && second.width >= ANOTHER * face.width };
}

/**
 * What to say now.
 * @param before what was said last: what is good already has some room
 */
export function instruct(seen: Seen, pose: Pose, before: Instruction | null = null): Instruction {
  const room = before === "hold" ? PATIENCE : 1;
  if (seen.brightest < BLACK) return "black";
  if (seen.faces === null) return lit(seen, room) ?? "unguided";
  const { face, several } = chosen(seen.faces);
  if (face === null) return lit(seen, room) === "dark" ? "dark" : "nobody";
  if (several) return "several";
  return placed(face, seen, room) ?? lit(seen, room) ?? held(face, pose, room) ?? steady(seen, room) ?? "hold";
}

function placed(face: Face, seen: Seen, room: number): Instruction | null {
  const { width } = oval(seen);
  if (face.width < (FAR / room) * width) return "closer";
  if (face.width > NEAR * room * width) return "back";
  const across = Math.abs(face.left + face.width / 2 - seen.width / 2);
  const down = Math.abs(face.top + face.height / 2 - seen.height / 2);
  return Math.max(across, down) > BESIDE * room * width ? "centre" : null;
}

function lit({ light }: Seen, room: number): Instruction | null {
  if (light < DARK / room) return "dark";
  return light > Math.min(250, BRIGHT * Math.sqrt(room)) ? "bright" : null;
}

function held(face: Face, pose: Pose, room: number): Instruction | null {
  const { turn, lean } = heading(face);
  if (pose === "straight") return Math.abs(turn) > STRAIGHT * room || Math.abs(lean) > LEANING * room ? "straight" : null;
  const turned = pose === "left" ? turn : -turn;
  if (turned < TURNED.least / room) return pose;
  return turned > TURNED.most * room ? "straight" : null;
}

function steady({ speed, sharpness }: Seen, room: number): Instruction | null {
  if (speed !== null && speed > MOVING * room) return "still";
  return sharpness !== null && sharpness < BLURRED / room ? "blurred" : null;
}

/** Milliseconds that something has to be so before it is said, and that what was said stays. */
const SETTLED_MS = 300;
const READABLE_MS = 900;

/** Says one thing at a time, and no other before it could be read; knows since when all has been well. */
export class Guide {
  #said: Instruction | null = null;
  #saidAt = 0;
  #next: Instruction | null = null;
  #nextAt = 0;
  #goodSince: number | null = null;

  /**
   * @param now milliseconds, of a clock that never goes back
   * @returns what to say
   */
  heard(seen: Seen, pose: Pose, now: number): Instruction {
    const found = instruct(seen, pose, this.#goodSince === null ? null : "hold");
    if (found !== "hold") this.#goodSince = null;
    else this.#goodSince ??= now;
    if (this.#said === null) return this.#say(found, now);
    if (found === this.#said) {
      this.#next = null;
      return this.#said;
    }
    if (found !== this.#next) {
      this.#next = found;
      this.#nextAt = now;
    }
    // Good news waits for nobody: whoever did what was asked is told at once that it was right.
    const readable = found === "hold" || now - this.#saidAt >= READABLE_MS;
    return readable && now - this.#nextAt >= SETTLED_MS ? this.#say(found, now) : this.#said;
  }

  /** Whether all has been well for so many milliseconds. */
  isReady(now: number, held: number): boolean {
    return this.#goodSince !== null && now - this.#goodSince >= held;
  }

  /** Begin again, for the next pose or after a break. */
  forget(): void {
    this.#said = this.#next = this.#goodSince = null;
  }

  #say(found: Instruction, now: number): Instruction {
    this.#said = found;
    this.#saidAt = now;
    this.#next = null;
    return found;
  }
}
