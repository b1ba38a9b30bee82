/**
 * What a server asks of the person, to see that a living one is there, and how it is shown: one step after the other,
 * each after its pause. The server judges what was filmed meanwhile; nothing here decides anything.
 */

/** What somebody can do before the camera: anything, anything but shutting their eyes, or only that. */
export type Variant = "whole" | "head" | "blink";

/** `POST …/challenge` answers so; `spec/capture-bundle.md` has the words. */
export interface Challenge {
  session_id: string;
  nonce: string;
  steps: readonly Asked[];
  expires_at: string;
}

export interface Asked {
  /** `left`, `blink_twice`, … */
  do: string;
  /** Nothing is asked for so long before, in milliseconds. */
  pause_ms: number;
  within_ms: number;
}

/** A step as it was shown: milliseconds since the first frame. */
export interface Done {
  do: string;
  shown_ms: number;
  done_ms: number;
}

const BLINKS: Readonly<Record<string, number>> = { blink: 1, blink_twice: 2, blink_thrice: 3 };
/** Milliseconds that somebody takes to read what is asked, and for each thing to do. */
const READS_MS = 700;
const MOVES_MS = 1400;
const BLINKS_MS = 900;

/** How often the eyes are shut. */
export const blinks = (asked: Pick<Asked, "do">): number => BLINKS[asked.do] ?? 0;

/** How long a step is shown. No camera sees here whether it is done: so everybody has the same time for it. */
export function lasts(asked: Asked): number {
  const needed = READS_MS + (blinks(asked) === 0 ? MOVES_MS : blinks(asked) * BLINKS_MS);
  return Math.min(asked.within_ms, needed);
}

/** When each step is shown and over, in milliseconds since the first frame, if nothing comes between. */
export function planned(challenge: Challenge): Done[] {
  let at = 0;
  return challenge.steps.map((asked) => {
    const shown = at + asked.pause_ms;
    at = shown + lasts(asked);
    return { do: asked.do, shown_ms: shown, done_ms: at };
  });
}
