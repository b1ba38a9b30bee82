/**
 * Steps that a server may ask of the person, to see that a living one is there. Only their form, and how they are
 * shown: no server of this release draws any, and what is taken here proves nothing about anybody being alive.
 */

import { heading, type Face } from "./faces.js";
import type { Instruction } from "./guide.js";

/** One thing to do. */
export interface Step {
  /** What is shown and said. */
  readonly instruction: Extract<Instruction, "straight" | "left" | "right" | "closer" | "back">;
  /** Milliseconds that the person has for it. */
  readonly within: number;
}

/** Shows steps one after the other. */
export interface StepView {
  show(step: Step, at: { number: number; of: number }): void;
}

/** How far a head is turned when a step asks for a turn; see `Heading.turn`. */
const CLEARLY = 0.2;

/** Whether a face does what a step about turning asks for; the server decides for itself from what it is sent. */
export function isTurned(face: Face, step: Step): boolean {
  const { turn } = heading(face);
  if (step.instruction === "left") return turn >= CLEARLY;
  if (step.instruction === "right") return turn <= -CLEARLY;
  return step.instruction === "straight" && Math.abs(turn) < CLEARLY;
}
