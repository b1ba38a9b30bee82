/** One photo of whoever asked to be recognised: taken by itself as soon as it would do. */

import { CameraProblem } from "../capture/errors.js";
import type { VisavisCapture } from "../capture/element.js";
import type { Instruction } from "../capture/guide.js";

/** Without guidance there is nothing to wait for but the camera's own light. */
const UNGUIDED_MS = 700;
/** Advice that is not followed does not keep anybody waiting: the server judges. */
const ANYWAY_MS = 4_000;

/**
 * @param signal gives it up; the camera is off in any case when this ends
 * @throws {CameraProblem} there is no camera, or it went away
 */
export async function photoFrom(capture: VisavisCapture, signal: AbortSignal): Promise<Blob> {
  capture.reset();
  const over = new AbortController();
  try {
    return await new Promise<Blob>((resolve, reject) => {
      const options = { signal: over.signal };
      let timer: ReturnType<typeof setTimeout> | undefined;
      const take = async (): Promise<void> => {
        clearTimeout(timer);
        const photo = await capture.take();
        if (photo !== null) return resolve(photo);
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
    capture.stop();
  }
}
