/** `<visavis-capture>`: takes a photo of one person, who starts it, sees themselves and is told what to do. */

import { type Bundle, bundled, drawn, opened } from "./bundle.js";
import { Camera } from "./camera.js";
import type { Challenge } from "./challenge.js";
import {
  CameraBlack,
  CameraUnplugged,
  CaptureProblem,
  GuidanceMissing,
  PhotoOfNobody,
  PhotoOfSeveral,
  PhotoUnreadable,
} from "./errors.js";
import { film, type Film } from "./film.js";
import { Finder, foundIn } from "./finder.js";
import { chosen, Guide, type Instruction, type Pose, POSES } from "./guide.js";
import { Looking } from "./looking.js";
import { STYLE } from "./style.js";
import { NONE, type Texts } from "./texts.js";
import { View } from "./view.js";

/** Milliseconds between two looks: often enough to guide a hand, seldom enough for a phone to stay cool. */
const EVERY_MS = 100;
/** Milliseconds that all has to be well before a photo takes itself, where `auto` names none. */
const HELD_MS = 700;
/** Pixels of the longer side of a film's frames, and how well they are kept: a face is some 200 wide then. */
const FRAME_SIDE = 640;
const FRAME_QUALITY = 0.85;
/** Milliseconds after which a photo takes itself where nothing on this device can say that all is well. */
const UNGUIDED_MS = 2000;
/** Milliseconds of black after which the camera is said to show nothing. */
const BLACK_MS = 2000;

export interface PhotoDetail extends Bundle {
  /** Which of the poses it is, from 1. */
  number: number;
  of: number;
  /** All photos so far; with the last one, all there are. */
  photos: readonly Blob[];
  done: boolean;
  /** Whether it is a file and not from the camera. */
  fromFile: boolean;
}

export interface GuidanceDetail {
  instruction: Instruction;
  text: string;
}

export interface CaptureEvents {
  "visavis-photo": CustomEvent<PhotoDetail>;
  "visavis-problem": CustomEvent<CaptureProblem>;
  "visavis-guidance": CustomEvent<GuidanceDetail>;
  "visavis-state": CustomEvent<{ live: boolean; guided: boolean }>;
}

export class VisavisCapture extends HTMLElement {
  static readonly observedAttributes = ["poses", "no-controls", "no-upload"];
  /** The words of every element that was given none of its own. */
  static texts: Texts = NONE;

  #texts: Texts | null = null;
  readonly #view: View;
  readonly #camera: Camera;
  readonly #looking: Looking;
  readonly #guide = new Guide();
  #finder: Finder | null = null;
  #loading: Promise<void> | null = null;
  #photos: Blob[] = [];
  #said: Instruction | null = null;
  #blackSince: number | null = null;
  #onSince = 0;
  #cannotGuide = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isTaking = false;
  #isFilming = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#view = new View(root, this.texts, {
      start: () => void this.start(),
      stop: () => this.stop(),
      take: () => void this.take(),
      file: (file) => void this.#chosen(file),
    });
    this.#camera = new Camera(this.#view.video, (problem) => {
      this.#off();
      if (problem !== null) this.#complain(problem);
    });
    this.#looking = new Looking(this.#view.video);
  }

  /** Its words: those given to it, or those of all elements. */
  get texts(): Texts {
    return this.#texts ?? VisavisCapture.texts;
  }

  set texts(texts: Texts | null) {
    this.#texts = texts;
    this.#view.retext(this.texts);
  }

  /** How the head is held, one photo for each. */
  get poses(): Pose[] {
    const asked = (this.getAttribute("poses") ?? "").split(/[\s,]+/);
    const known = asked.filter((pose): pose is Pose => POSES.some((one) => one === pose));
    return known.length > 0 ? known : ["straight"];
  }

  get isLive(): boolean {
    return this.#camera.isOn;
  }

  connectedCallback(): void {
    this.#offer();
    this.#view.retext(this.texts);
    this.#view.next(this.#pose, this.#photos.length + 1, this.poses.length);
  }

  disconnectedCallback(): void {
    this.stop();
    this.#finder?.close();
    this.#finder = this.#loading = null;
  }

  attributeChangedCallback(name: string): void {
    if (name === "poses") this.reset();
    else this.#offer();
  }

  /** Turn the camera on. What cannot be done is told by `visavis-problem`. */
  async start(): Promise<boolean> {
    this.#view.complain(null);
    try {
      if (!(await this.#camera.start())) return false;
    } catch (error) {
      this.#off();
      this.#complain(error);
      return false;
    }
    this.#onSince = performance.now();
    this.#view.live(true);
    this.#view.next(this.#pose, this.#photos.length + 1, this.poses.length);
    this.#tell("visavis-state", { live: true, guided: this.#finder !== null });
    void this.#load();
    this.#later();
    return true;
  }

  /** Turn the camera off. Of several photos, those that were taken stay until the last one or `reset`. */
  stop(): void {
    const wasOn = this.#camera.isOn;
    this.#camera.stop();
    if (wasOn) this.#off();
  }

  /** Forget the photos that were taken, and begin with the first pose. */
  reset(): void {
    this.#photos = [];
    this.#guide.forget();
    this.#said = null;
    this.#view.next(this.#pose, 1, this.poses.length);
  }

  /**
   * Take the photo now. Guidance is advice and does not stand in the way, but a photo of nobody or of several people
   * is refused by every server, so it is refused here, sooner.
   * @returns it, or null where there is none; `visavis-problem` says why
   */
  async take(): Promise<Blob | null> {
    const { video } = this.#view;
    // A camera that is on may show nothing for a moment.
    if (!this.#camera.isOn || video.videoWidth === 0 || this.#isTaking) return null;
    this.#isTaking = true;
    try {
      return await this.#accept(drawn(video, video.videoWidth, video.videoHeight), false);
    } catch (error) {
      this.#complain(error);
      return null;
    } finally {
      this.#isTaking = false;
    }
  }

  /**
   * Film the person while they do what a challenge asks; the camera has to be on.
   * @param signal gives it up
   * @throws {CaptureProblem} the camera went away, or frames are missing
   */
  async film(challenge: Challenge, signal: AbortSignal): Promise<Film> {
    const { video } = this.#view;
    if (!this.#camera.isOn || video.videoWidth === 0) throw new CameraUnplugged();
    this.#isFilming = true;
    try {
      return await film(
        challenge,
        {
          grab: () => this.#grab(),
          show: (asked, at) => this.#speak(this.#view.ask(asked?.do ?? null, at)),
          now: () => performance.now(),
          wait: paused,
        },
        signal,
      );
    } finally {
      this.#isFilming = false;
      this.#view.askNothing();
    }
  }

  /** One frame of a film: small, since there are many, and as the camera sees it. */
  async #grab(): Promise<Blob> {
    const { video } = this.#view;
    if (!this.#camera.isOn) throw new CameraUnplugged();
    const scale = Math.min(1, FRAME_SIDE / Math.max(video.videoWidth, video.videoHeight));
    const canvas = new OffscreenCanvas(Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale));
    const context = canvas.getContext("2d");
    if (context === null) throw new PhotoUnreadable();
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    return canvas.convertToBlob({ type: "image/jpeg", quality: FRAME_QUALITY });
  }

  async #chosen(file: File): Promise<void> {
    if (this.hasAttribute("no-upload") || this.#isTaking) return;
    this.#isTaking = true;
    try {
      this.#view.complain(null);
      this.#view.wait();
      const canvas = await opened(file);
      await this.#load();
      await this.#accept(canvas, true);
    } catch (error) {
      this.#view.next(this.#pose, this.#photos.length + 1, this.poses.length);
      this.#complain(error);
    } finally {
      this.#isTaking = false;
    }
  }

  /** @returns null where the camera went off meanwhile: whoever stopped it wants no photo */
  async #accept(canvas: HTMLCanvasElement, fromFile: boolean): Promise<Blob | null> {
    if (this.#finder !== null) {
      const { face, several } = chosen(await foundIn(this.#finder, canvas));
      if (face === null) throw new PhotoOfNobody();
      if (several) throw new PhotoOfSeveral();
    }
    const bundle = await bundled(canvas, this.#pose ?? "straight");
    if (!fromFile && !this.#camera.isOn) return null;
    this.#photos.push(bundle.photo);
    const [photos, of] = [[...this.#photos], this.poses.length];
    const [number, done] = [photos.length, photos.length === of];
    this.#view.complain(null);
    this.#guide.forget();
    this.#said = null;
    this.#view.next(this.#pose, number + 1, of);
    if (done) {
      this.stop();
      this.#photos = [];
    }
    this.#tell("visavis-photo", { ...bundle, number, of, photos, done, fromFile });
    return bundle.photo;
  }

  get #pose(): Pose | null {
    return this.poses[this.#photos.length] ?? null;
  }

  /** Load what guides, so that it is there when the camera is turned on. */
  prepare(): Promise<void> {
    return this.#load();
  }

  /** Load what guides, once. Without it photos can be taken all the same. */
  #load(): Promise<void> {
    this.#loading ??= Finder.load(this.getAttribute("finder") ?? "/capture/face-finder").then(
      (finder) => {
        if (!this.isConnected) return finder.close();
        this.#finder = finder;
        this.#cannotGuide = false;
        this.#tell("visavis-state", { live: this.isLive, guided: true });
      },
      (error: unknown) => {
        this.#loading = null;
        this.#cannotGuide = true;
        if (this.isConnected) this.#tell("visavis-problem", error instanceof CaptureProblem ? error : new GuidanceMissing(error));
      },
    );
    return this.#loading;
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), EVERY_MS);
  }

  async #look(): Promise<void> {
    if (!this.#camera.isOn) return;
    this.#view.outline();
    const now = performance.now();
    try {
      const seen = this.#isTaking || this.#isFilming ? null : await this.#looking.look(this.#finder, now);
      if (seen !== null && this.#camera.isOn) {
        const instruction = this.#guide.heard(seen, this.#pose ?? "straight", now);
        this.#say(instruction);
        this.#minded(instruction, now);
        if (this.#takesItself(now)) await this.take();
      }
    } catch (error) {
      this.#finder = null;
      this.#cannotGuide = true;
      this.#tell("visavis-problem", new GuidanceMissing(error));
    }
    if (this.#camera.isOn) this.#later();
  }

  /** `auto` gives the milliseconds for which all has to be well. */
  #takesItself(now: number): boolean {
    const asked = this.getAttribute("auto");
    if (asked === null || this.#isTaking) return false;
    if (this.#cannotGuide) return this.#said === "unguided" && now - this.#onSince >= UNGUIDED_MS;
    return this.#guide.isReady(now, /^\d+$/.test(asked) ? Number(asked) : HELD_MS);
  }

  #minded(instruction: Instruction, now: number): void {
    if (instruction !== "black") {
      this.#blackSince = null;
      return;
    }
    this.#blackSince ??= now;
    if (now - this.#blackSince < BLACK_MS) return;
    this.#blackSince = Infinity;
    this.#complain(new CameraBlack());
  }

  #say(instruction: Instruction): void {
    if (instruction === this.#said) return;
    this.#said = instruction;
    const text = this.#view.say(instruction);
    this.#tell("visavis-guidance", { instruction, text });
    this.#speak(text);
  }

  #speak(text: string): void {
    if (!this.hasAttribute("speak") || typeof speechSynthesis === "undefined") return;
    speechSynthesis.cancel();
    const speech = new SpeechSynthesisUtterance(text);
    speech.lang = this.texts.locale;
    speechSynthesis.speak(speech);
  }

  #off(): void {
    clearTimeout(this.#timer);
    this.#guide.forget();
    this.#looking.forget();
    this.#said = this.#blackSince = null;
    if (this.hasAttribute("speak") && typeof speechSynthesis !== "undefined") speechSynthesis.cancel();
    this.#view.live(false);
    this.#tell("visavis-state", { live: false, guided: this.#finder !== null });
  }

  #complain(error: unknown): void {
    if (!(error instanceof CaptureProblem)) throw error;
    this.#view.complain(error);
    this.#tell("visavis-problem", error);
  }

  #offer(): void {
    this.#view.offer({ buttons: !this.hasAttribute("no-controls"), files: !this.hasAttribute("no-upload") });
  }

  #tell(name: keyof CaptureEvents, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

function paused(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Make the tag known, once. */
export function define(texts: Texts): void {
  VisavisCapture.texts = texts;
  if (customElements.get("visavis-capture") === undefined) customElements.define("visavis-capture", VisavisCapture);
}

declare global {
  interface HTMLElementTagNameMap {
    "visavis-capture": VisavisCapture;
  }
}
