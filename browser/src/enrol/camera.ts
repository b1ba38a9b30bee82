/** The camera of the page, loaded when it is needed and not before. */

import type { PhotoDetail, VisavisCapture } from "../capture/element.js";
import type { CaptureProblem } from "../capture/errors.js";
import type { Pose } from "../capture/guide.js";
import type { Texts } from "../capture/texts.js";
import { byId, element, input } from "../shared/dom.js";
import { find, locale } from "../shared/texts.js";

/** What is said otherwise where a guardian stands by. */
const OTHERWISE: Readonly<Record<string, string>> = {
  "capture.drop": "enrol.guardian.drop",
  "capture.problem.photo_of_several.mend": "enrol.guardian.several",
  "capture.problem.photo_of_nobody.mend": "enrol.guardian.nobody",
};

const TO_GUARDIAN: Texts = { locale, t: (key, values) => find(OTHERWISE[key] ?? key, values) ?? key };

export class CameraPlace {
  readonly #taken: (photo: PhotoDetail) => void;
  #capture: VisavisCapture | null = null;
  /** Somebody else than the person in the picture reads what it says. */
  isForGuardian = false;

  /** @param taken called with each photo */
  constructor(taken: (photo: PhotoDetail) => void) {
    this.#taken = taken;
    byId("speak-label").hidden = typeof speechSynthesis === "undefined";
    input("speak").addEventListener("change", () => this.#speaks());
  }

  /** Offer to take these photos. @throws {Error} what takes them did not load */
  async offer(poses: readonly Pose[]): Promise<void> {
    await import("../capture/page.js");
    this.#capture ??= this.#made();
    this.#capture.setAttribute("poses", poses.join(" "));
  }

  /** The camera is off, and what was taken and not kept is forgotten. */
  stop(): void {
    this.#capture?.stop();
    this.#capture?.reset();
  }

  #made(): VisavisCapture {
    const capture = element("visavis-capture", { auto: "1000" });
    if (this.isForGuardian) capture.texts = TO_GUARDIAN;
    capture.addEventListener("visavis-photo", (event) => this.#taken((event as CustomEvent<PhotoDetail>).detail));
    // What cannot see that all is well would take one photo after the other.
    capture.addEventListener("visavis-problem", (event) => {
      if ((event as CustomEvent<CaptureProblem>).detail.code === "guidance_missing") capture.removeAttribute("auto");
    });
    capture.addEventListener("visavis-state", (event) => {
      const { live } = (event as CustomEvent<{ live: boolean }>).detail;
      // One thing at a time: who sees themselves chooses no file, and the picture is where it can be seen.
      if (capture.hasAttribute("no-upload") !== live) capture.toggleAttribute("no-upload", live);
      else return;
      if (live) byId("taking").scrollIntoView();
    });
    byId("camera").replaceChildren(capture);
    this.#capture = capture;
    this.#speaks();
    return capture;
  }

  #speaks(): void {
    this.#capture?.toggleAttribute("speak", input("speak").checked);
    if (typeof speechSynthesis !== "undefined" && !input("speak").checked) speechSynthesis.cancel();
  }
}
