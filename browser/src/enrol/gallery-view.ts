/** How the photos are shown: small beside the camera, and large with what becomes of each. */

import { byId, element, paragraph } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import type { Photo, Photos } from "./photos.js";

export interface Acts {
  again(photo: Photo): void;
  drop(photo: Photo): void;
}

const named = ({ pose, fromFile }: Photo): string => (fromFile ? t("enrol.photo.file") : t(`capture.pose.${pose}`));

const pictured = (photo: Photo, index: number): HTMLImageElement =>
  element("img", { src: photo.address, alt: t("enrol.photo.alt", { number: index + 1, pose: named(photo) }) });

/** What was taken so far, beside the camera. */
export function showStrip(photos: Photos): void {
  byId("strip").replaceChildren(...photos.all.map((photo, index) => element("li", {}, pictured(photo, index))));
}

/** Each photo with what became of it, and what can be done. The keyboard stays at the photo where it was. */
export function showList(photos: Photos, acts: Acts): void {
  const list = byId("list");
  list.replaceChildren(...photos.all.map((photo, index) => shown(photo, index, acts)));
}

function shown(photo: Photo, index: number, acts: Acts): HTMLLIElement {
  const title = element("h2", { id: `photo-${index}` }, t("enrol.photo", { number: index + 1 }), element("small", {}, ` ${named(photo)}`));
  const words = element("div", {}, title, fate(photo));
  if (photo.fate === "waits" || photo.fate === "refused") words.append(buttons(photo, index, acts));
  return element("li", { class: "photo", "data-fate": photo.fate }, pictured(photo, index), words);
}

function fate({ fate: is, why }: Photo): HTMLElement {
  const said = element("div", { class: "fate" }, element("p", {}, t(`enrol.fate.${is}`)));
  if (why !== null && is === "refused") said.append(...why.sentences.map(paragraph));
  return said;
}

function buttons(photo: Photo, index: number, acts: Acts): HTMLElement {
  const again = button(t("enrol.again"), `again-${index}`, index, () => acts.again(photo));
  const drop = button(t("enrol.drop"), `drop-${index}`, index, () => acts.drop(photo));
  return element("div", { class: "actions" }, again, drop);
}

/** A button that is called by what is read on it, and by its photo's name. */
function button(text: string, id: string, index: number, act: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", id, "aria-labelledby": `${id} photo-${index}` }, text);
  made.addEventListener("click", act);
  return made;
}
