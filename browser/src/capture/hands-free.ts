/** A photo or film of whoever asked to be recognised: taken by itself as soon as it would do. */

import type { Challenge } from "./challenge.js";
import { CameraProblem } from "./errors.js";
import type { Film } from "./film.js";
import type { VisavisCapture } from "./element.js";
import type { Instruction } from "./guide.js";

/** Without guidance there is nothing to wait for but the camera's own light. */
const UNGUIDED_MS = 700;
/** Advice that is not followed does not keep anybody waiting: the server judges. */
const ANYWAY_MS = 4_000;

/**
 * @param signal gives it up; the camera is off in any case when this ends
 * @throws {CameraProblem} there is no camera, or it went away
 */
export async function photoFrom(capture: VisavisCapture, signal: AbortSignal): Promise<Blob> {
  try {
    return await whenReady(capture, signal, () => capture.take());
  } finally {
    capture.stop();
  }
}

/**
 * A film of somebody who does what is asked. What is asked is drawn only when all is ready, since it is soon over.
 * @param drawn asks the server
 * @throws {CaptureProblem} there is no camera, it went away, or frames are missing
 */
export async function filmFrom(
  capture: VisavisCapture,
  drawn: () => Promise<Challenge>,
  signal: AbortSignal,
): Promise<{ challenge: Challenge; film: Film }> {
  try {
    await whenReady(capture, signal, () => Promise.resolve(true));
    const challenge = await drawn();
    return { challenge, film: await capture.film(challenge, signal) };
  } finally {
    capture.stop();
  }
}

/** Turn the camera on, and act when guidance says that all is well, or has said for long that it is not. */
async function whenReady<Made>(capture: VisavisCapture, signal: AbortSignal, act: () => Promise<Made | null>): Promise<Made> {
  capture.reset();
  const over = new AbortController();
  try {
    return await new Promise<Made>((resolve, reject) => {
      const options = { signal: over.signal };
      let timer: ReturnType<typeof setTimeout> | undefined;
      const take = async (): Promise<void> => {
        clearTimeout(timer);
        const made = await act();
        if (made !== null) return resolve(made);
        if (!over.signal.aborted) timer = setTimeout(() => void take(), ANYWAY_MS);
      };
      over.signal.addEventListener("abort", () => clearTimeout(timer));
      signal.addEventListener("abort", () => reject(signal.reason), options);
      capture.addEventListener(
        "visavis-problem",
        (event) => {
          const { detail } = event as CustomEvent<unknown>;
          if (detail instanceof CameraProblem) reject(detail);
        },
        options,
      );
      capture.addEventListener(
        "visavis-guidance",
        (event) => {
          const { instruction } = (event as CustomEvent<{ instruction: Instruction }>).detail;
          clearTimeout(timer);
          if (instruction === "hold") void take();
          else timer = setTimeout(() => void take(), instruction === "unguided" ? UNGUIDED_MS : ANYWAY_MS);
        },
        options,
      );
      void capture.start();
    });
  } finally {
    over.abort();
  }
}
