/**
 * The planner's form with sliders: on its page and at the console. The server works everything out; on its page the
 * button asks it for the same without a script.
 */

import { byId, element, input, ofKind } from "./dom.js";
import { t } from "./texts.js";

const WAIT_MS = 120;
const STEPS = 1000;

/** What a box says of its slider. */
interface Scale {
  low: number;
  high: number;
  isLog: boolean;
  unit: string;
}

const scaleOf = ({ dataset }: HTMLInputElement): Scale => ({
  low: Number(dataset["low"]),
  high: Number(dataset["high"]),
  isLog: dataset["slider"] === "log",
  unit: dataset["unit"] ?? "",
});

/** What a slider's place stands for, from 0 to 1. */
function valueAt({ low, high, isLog, unit }: Scale, part: number): string {
  if (isLog) {
    const value = Number((low * (high / low) ** part).toPrecision(2));
    return `${unit === "" ? Math.round(value) : value}${unit}`;
  }
  return `${Math.round(low + (high - low) * part)}${unit}`;
}

/** Where a typed text lies on its slider, from 0 to 1. */
function partOf({ low, high, isLog, unit }: Scale, typed: string): number {
  // A comma elsewhere than before three digits is refused by the server, and moves no slider.
  const text = typed.replaceAll(/[_\s]|,(?=\d{3}(?:[,.]|$))/g, "");
  let value = Number(text.replace("%", ""));
  if (unit === "%" && !text.endsWith("%")) value *= 100;
  if (!Number.isFinite(value)) return 0;
  const part = isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, part));
}

/** The page with what follows. The browser parses it as it arrives: Trusted Types allow no page to be made of a text. */
export const planned = (query: URLSearchParams): Promise<Document | null> =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", `/plan?${query}`);
    request.responseType = "document";
    request.addEventListener("loadend", () => resolve(request.responseXML));
    request.send();
  });

/** The form of a plan that is in the page, and what follows from it. */
class Planner {
  readonly #form = ofKind(HTMLFormElement, "form");
  readonly #tell: (query: URLSearchParams) => void;
  readonly #signal: AbortSignal | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(tell: (query: URLSearchParams) => void, signal?: AbortSignal) {
    this.#tell = tell;
    this.#signal = signal;
    this.#form.querySelectorAll<HTMLInputElement>("input[data-slider]").forEach(addSlider);
    this.#form.addEventListener("input", () => this.#soon());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#ask();
    });
  }

  #soon(): void {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => void this.#ask(), WAIT_MS);
  }

  /** Ask for what follows from the form, and show it in the place of what was there. */
  async #ask(): Promise<void> {
    if (this.#signal?.aborted) return;
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form)) if (value !== "") query.set(name, String(value));
    const turn = ++this.#asked;
    const page = await planned(query);
    if (turn !== this.#asked || this.#signal?.aborted) return;
    const [said, result] = [page?.getElementById("said"), page?.getElementById("result")];
    if (!said || !result) {
      byId("said").className = "note bad";
      byId("said").replaceChildren(element("p", {}, t("plan.unanswered")));
      return;
    }
    // What is said stays in its place: only what changes inside it is read out.
    byId("said").className = said.className;
    byId("said").replaceChildren(...said.childNodes);
    byId("result").replaceWith(document.adoptNode(result));
    this.#tell(query);
  }
}

/** Put a slider below a box; each follows the other. */
function addSlider(box: HTMLInputElement): void {
  const scale = scaleOf(box);
  const label = box.labels?.[0]?.textContent ?? "";
  const slider = element("input", { type: "range", min: "0", max: String(STEPS), "aria-label": label });
  if (!scale.isLog) slider.step = String(STEPS / (scale.high - scale.low));
  const tell = (): void => slider.setAttribute("aria-valuetext", box.value);
  const follow = (): void => {
    slider.value = String(STEPS * partOf(scale, box.value));
    tell();
  };
  follow();
  slider.addEventListener("input", () => {
    box.value = valueAt(scale, Number(slider.value) / STEPS);
    tell();
  });
  box.addEventListener("input", follow);
  box.after(slider);
}

/**
 * Make the plan in this page follow its form.
 * @param tell what was asked last
 * @param signal ends it
 */
export function startPlanner(tell: (query: URLSearchParams) => void, signal?: AbortSignal): void {
  new Planner(tell, signal);
  // A score is no rate: it is typed.
  const aim = ofKind(HTMLSelectElement, "aim");
  const follow = (): void => {
    const slider = input("value").nextElementSibling;
    if (slider instanceof HTMLInputElement) slider.hidden = aim.value === "threshold";
  };
  aim.addEventListener("input", follow);
  follow();
}
