/** What `<visavis-capture>` shows. It knows of buttons and words and nothing of cameras. */

import type { CaptureProblem } from "./errors.js";
import { type Instruction, oval, type Pose } from "./guide.js";
import type { Texts } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";

function made<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function drawn(tag: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Where to go, as in a mirror; the words say it as well. */
const SIGNS: Readonly<Record<string, string>> = {
  left: "←",
  right: "→",
  up: "↑",
  down: "↓",
  upper_left: "↖",
  upper_right: "↗",
  lower_left: "↙",
  lower_right: "↘",
  closer: "⊕",
  blink: "◡",
  blink_twice: "◡ ◡",
  blink_thrice: "◡ ◡ ◡",
};

/** What the person can do. */
export interface Acts {
  start(): void;
  stop(): void;
  take(): void;
  file(file: File): void;
}

export class View {
  readonly video = made("video", { playsinline: "", muted: "", tabindex: "-1", part: "video" });
  readonly #stage = made("div", { class: "stage", part: "stage" });
  readonly #picture = made("div", { class: "picture" });
  readonly #overlay = drawn("svg", { "aria-hidden": "true", preserveAspectRatio: "none" });
  readonly #said = made("p", { class: "said", role: "status", "aria-live": "polite", part: "instruction" });
  readonly #asked = made("p", { class: "asked", role: "status", "aria-live": "assertive", part: "asked" });
  readonly #count = made("p", { class: "count", role: "status" });
  readonly #start = made("button", { type: "button", class: "main", part: "button" });
  readonly #take = made("button", { type: "button", class: "main", part: "button" });
  readonly #stop = made("button", { type: "button", part: "button" });
  readonly #choose = made("input", { type: "file", accept: "image/*" });
  readonly #chooseName = made("span");
  readonly #dropText = made("p");
  readonly #drop = made("div", { class: "drop", part: "drop" });
  readonly #problem = made("div", { class: "problem", role: "alert", part: "problem" });
  readonly #controls = made("div", { class: "row" }, this.#start, this.#take, this.#stop, this.#count);
  #texts: Texts;

  constructor(root: ShadowRoot, texts: Texts, acts: Acts) {
    this.#texts = texts;
    this.video.muted = true;
    this.#picture.append(this.video, this.#overlay);
    this.#asked.hidden = true;
    this.#stage.append(this.#picture, this.#asked, this.#said);
    this.#drop.append(this.#dropText, made("label", { class: "file" }, this.#chooseName, this.#choose));
    this.#problem.hidden = true;
    root.append(this.#stage, this.#problem, this.#controls, this.#drop);
    this.#start.addEventListener("click", acts.start);
    this.#take.addEventListener("click", acts.take);
    this.#stop.addEventListener("click", acts.stop);
    this.#listenForFiles(acts.file);
    this.retext(texts);
    this.live(false);
  }

  #listenForFiles(file: Acts["file"]): void {
    this.#choose.addEventListener("change", () => {
      const [chosen] = this.#choose.files ?? [];
      this.#choose.value = "";
      if (chosen !== undefined) file(chosen);
    });
    const over = (is: boolean) => (event: DragEvent) => {
      event.preventDefault();
      this.#drop.classList.toggle("over", is);
    };
    this.#drop.addEventListener("dragover", over(true));
    this.#drop.addEventListener("dragleave", over(false));
    this.#drop.addEventListener("drop", (event) => {
      over(false)(event);
      const [dropped] = event.dataTransfer?.files ?? [];
      if (dropped !== undefined) file(dropped);
    });
  }

  /** Say everything in these words from now on. */
  retext(texts: Texts): void {
    this.#texts = texts;
    this.#start.textContent = texts.t("capture.start");
    this.#take.textContent = texts.t("capture.take");
    this.#stop.textContent = texts.t("capture.stop");
    this.#chooseName.textContent = texts.t("capture.choose");
    this.#dropText.textContent = texts.t("capture.drop");
    this.video.setAttribute("aria-label", texts.t("capture.video"));
  }

  /** Whether there are buttons, and whether a file may be chosen. */
  offer({ buttons, files }: { buttons: boolean; files: boolean }): void {
    this.#controls.hidden = !buttons;
    this.#drop.hidden = !files;
  }

  /** The camera is on or off. Whoever pressed a button that goes finds the keyboard on the one that came. */
  live(is: boolean): void {
    const root = this.#stage.getRootNode();
    const pressed = root instanceof ShadowRoot && root.activeElement instanceof HTMLButtonElement;
    this.#stage.classList.toggle("live", is);
    this.#start.hidden = is;
    this.#take.hidden = this.#stop.hidden = !is;
    this.#stage.classList.remove("good");
    this.#said.textContent = "";
    if (pressed) (is ? this.#take : this.#start).focus();
  }

  say(instruction: Instruction): string {
    const text = this.#texts.t(`capture.guide.${instruction}`);
    this.#said.textContent = text;
    this.#stage.classList.toggle("good", instruction === "hold");
    return text;
  }

  /** What is to be done now, of how many things; null between two of them. What is shown is returned. */
  ask(asked: string | null, at: { number: number; of: number }): string {
    const text = this.#texts.t(`capture.ask.${asked ?? "wait"}`);
    this.#asked.hidden = false;
    this.#stage.classList.add("filming");
    const sign = made("span", { class: "sign", "aria-hidden": "true" }, SIGNS[asked ?? ""] ?? "");
    this.#asked.replaceChildren(sign, made("span", {}, text));
    this.#said.textContent = this.#texts.t("capture.ask.count", at);
    return text;
  }

  /** Nothing is asked any more. */
  askNothing(): void {
    this.#asked.hidden = true;
    this.#asked.replaceChildren();
    this.#stage.classList.remove("filming");
    this.#said.textContent = "";
  }

  /** Which of several photos comes next. */
  next(pose: Pose | null, number: number, of: number): void {
    this.#count.textContent =
      pose === null || of < 2 ? "" : this.#texts.t("capture.count", { number, of, pose: this.#texts.t(`capture.pose.${pose}`) });
  }

  /** A photo is being looked at. */
  wait(): void {
    this.#count.textContent = this.#texts.t("capture.looking");
  }

  complain(problem: CaptureProblem | null): void {
    this.#problem.hidden = problem === null;
    this.#problem.replaceChildren();
    if (problem === null) return;
    const key = `capture.problem.${problem.code}` as const;
    this.#problem.append(made("p", {}, this.#texts.t(key)), made("p", {}, this.#texts.t(`${key}.mend`)));
  }

  /** Draw the oval over a picture of this shape, as much of it as the stage shows. */
  outline(): void {
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth === 0) return;
    this.#picture.style.setProperty("--shape", String(Math.min(4 / 3, Math.max(3 / 4, videoWidth / videoHeight))));
    const { clientWidth: width, clientHeight: height } = this.#picture;
    if (width === 0 || this.#overlay.getAttribute("viewBox") === `0 0 ${width} ${height}`) return;
    const scale = Math.max(width / videoWidth, height / videoHeight);
    const size = oval({ width: videoWidth * scale, height: videoHeight * scale });
    const [x, y, rx, ry] = [width / 2, height / 2, size.width / 2, size.height / 2];
    const ellipse = `M${x - rx} ${y}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0z`;
    const tick = `M${x - 14} ${y - ry + 34}l10 10l18 -20`;
    this.#overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#overlay.replaceChildren(
      drawn("path", { class: "around", "fill-rule": "evenodd", d: `M0 0H${width}V${height}H0z${ellipse}` }),
      drawn("path", { class: "oval", d: ellipse }),
      drawn("path", { class: "tick", d: tick }),
    );
  }
}
