// @ts-check
/** Sliders for the planner. The server works everything out; without this script the button asks it for the same. */

import { byId, element } from "../shared/dom.js";

const WAIT_MS = 120;
const STEPS = 1000;

/** What a slider's place stands for, from 0 to 1. @param {HTMLInputElement} box @param {number} part */
function valueAt(box, part) {
  const low = Number(box.dataset.low), high = Number(box.dataset.high);
  if (box.dataset.slider === "log") {
    const value = Number((low * (high / low) ** part).toPrecision(2));
    return `${box.dataset.unit === "" ? Math.round(value) : value}${box.dataset.unit}`;
  }
  return `${Math.round(low + (high - low) * part)}${box.dataset.unit}`;
}

/** Where a typed text lies on its slider, from 0 to 1. @param {HTMLInputElement} box */
function partOf(box) {
  const low = Number(box.dataset.low), high = Number(box.dataset.high);
  const text = box.value.replaceAll(/[,_\s]/g, "");
  let value = Number(text.replace("%", ""));
  if (box.dataset.unit === "%" && !text.endsWith("%")) value *= 100;
  if (!Number.isFinite(value)) return 0;
  const part = box.dataset.slider === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, part));
}

/** @type {number | undefined} */
let waiting;
let asked = 0;

/** Ask for what follows from the form, and show it in the place of what was there. */
async function ask() {
  const form = byId("form");
  if (!(form instanceof HTMLFormElement)) return;
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== "") query.set(name, String(value));
  const turn = ++asked;
  const text = await fetch(`/plan?${query}`).then((answer) => answer.text(), () => "");
  if (turn !== asked) return;
  const page = new DOMParser().parseFromString(text, "text/html");
  const said = page.getElementById("said"), result = page.getElementById("result");
  if (said === null || result === null) {
    byId("said").className = "note bad";
    byId("said").replaceChildren(element("p", {}, "The server does not answer. Try again."));
    return;
  }
  // What is said stays in its place: only what changes inside it is read out.
  byId("said").className = said.className;
  byId("said").replaceChildren(...said.childNodes);
  byId("result").replaceWith(document.adoptNode(result));
  history.replaceState(null, "", `/plan?${query}`);
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => void ask(), WAIT_MS);
}

for (const box of document.querySelectorAll("input[data-slider]")) {
  if (!(box instanceof HTMLInputElement)) continue;
  const label = box.labels?.[0]?.textContent ?? "";
  const slider = element("input", { type: "range", min: "0", max: String(STEPS), "aria-label": label });
  if (!(slider instanceof HTMLInputElement)) continue;
  if (box.dataset.slider === "linear") slider.step = String(STEPS / (Number(box.dataset.high) - Number(box.dataset.low)));
  const told = () => slider.setAttribute("aria-valuetext", box.value);
  slider.value = String(STEPS * partOf(box));
  told();
  slider.addEventListener("input", () => {
    box.value = valueAt(box, Number(slider.value) / STEPS);
    told();
  });
  box.addEventListener("input", () => {
    slider.value = String(STEPS * partOf(box));
    told();
  });
  box.after(slider);
}

// A score is no rate: it is typed.
const aim = byId("aim");
function follow() {
  const slider = document.querySelector("#value + input[type=range]");
  if (aim instanceof HTMLSelectElement && slider instanceof HTMLElement) slider.hidden = aim.value === "threshold";
}
aim.addEventListener("input", follow);
follow();

byId("form").addEventListener("input", soon);
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void ask();
});
