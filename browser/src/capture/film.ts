/** Takes frames while somebody does what a challenge asks. */

import { type Asked, blinks, type Challenge, type Done, lasts } from "./challenge.js";
import { FilmInterrupted } from "./errors.js";

/** Milliseconds between two frames, and while a blink is asked, which is soon over. */
const EVERY_MS = 200;
const QUICKLY_MS = 100;
/** The server takes no frames that are further apart, and none that are closer. */
const FURTHEST_MS = 400;
const CLOSEST_MS = 60;
/** After the last step, so that its end is on a frame. */
const AFTER_MS = 150;

export interface Frame {
  at_ms: number;
  picture: Blob;
}

/** Everything that a capture bundle holds, but for whose it is. */
export interface Film {
  /** When the first frame was taken, milliseconds since 1970. */
  began_ms: number;
  frames: readonly Frame[];
  steps: readonly Done[];
}

/** What a film is taken with; a test has its own. */
export interface Set {
  /** One frame, as a JPEG. */
  grab(): Promise<Blob>;
  /** Show what is to be done now, or that nothing is. */
  show(asked: Asked | null, at: { number: number; of: number }): void;
  /** Milliseconds, from anywhere. */
  now(): number;
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/**
 * Film somebody who does what is asked.
 * @param signal gives it up
 * @throws {FilmInterrupted} the page was so busy, or asleep, that frames are missing
 */
export async function film(challenge: Challenge, set: Set, signal: AbortSignal): Promise<Film> {
  const began = set.now();
  const began_ms = Date.now();
  const frames: Frame[] = [];
  const steps: Done[] = [];
  const of = challenge.steps.length;
  const elapsed = (): number => Math.round(set.now() - began);

  /** Take frames until a moment of the film. */
  const until = async (end: number, every: number): Promise<void> => {
    while (elapsed() < end) {
      const last = frames.at(-1)?.at_ms ?? null;
      const next = last === null ? 0 : last + every;
      if (elapsed() < next) await set.wait(Math.min(next, end) - elapsed(), signal);
      signal.throwIfAborted();
      if (elapsed() < next) break;
      // The time is that at which the picture was asked for: making a file of it takes some of its own.
      const at_ms = last === null ? 0 : Math.max(elapsed(), last + CLOSEST_MS);
      if (last !== null && at_ms - last > FURTHEST_MS) throw new FilmInterrupted();
      frames.push({ at_ms, picture: await set.grab() });
    }
  };

  let at = 0;
  for (const [number, asked] of challenge.steps.entries()) {
    set.show(null, { number: number + 1, of });
    await until(at + asked.pause_ms, EVERY_MS);
    const shown_ms = Math.max(elapsed(), at + asked.pause_ms);
    set.show(asked, { number: number + 1, of });
    await until(shown_ms + lasts(asked), blinks(asked) > 0 ? QUICKLY_MS : EVERY_MS);
    at = Math.min(Math.max(elapsed(), shown_ms + lasts(asked)), shown_ms + asked.within_ms);
    steps.push({ do: asked.do, shown_ms, done_ms: at });
  }
  set.show(null, { number: of, of });
  await until(at + AFTER_MS, QUICKLY_MS);
  return { began_ms, frames, steps };
}
