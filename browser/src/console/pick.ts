/** Boxes to tick: what somebody or something is for. */

import { element } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import type { Gallery } from "./galleries.js";

export interface Option {
  value: string;
  text: string;
  /** What it opens. */
  says?: string;
}

/** Options that were ticked, in order. */
export type Picked = () => string[];

let made = 0;

/** A group of boxes. */
export function pick(
  legend: string,
  options: readonly Option[],
  ticked: readonly string[],
): { group: HTMLFieldSetElement; picked: Picked } {
  const name = `pick-${++made}`;
  const group = element("fieldset", { class: "pick" }, element("legend", {}, legend));
  const boxes = options.map(({ value, text, says = "" }) => {
    const box = element("input", { type: "checkbox", value, name });
    box.checked = ticked.includes(value);
    const label = element("label", {}, box, element("span", {}, text));
    if (says !== "") label.lastElementChild?.append(element("small", {}, says));
    group.append(label);
    return box;
  });
  return { group, picked: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}

/**
 * All galleries, or some.
 * @param ticked their identifiers; null: all. What was picked is told the same way; it throws, in words for the person,
 *   where it is neither all nor any.
 */
export function pickGalleries(
  galleries: readonly Gallery[],
  ticked: readonly string[] | null,
): { group: HTMLElement; picked: () => string[] | null } {
  const some = pick(
    t("console.pick.some"),
    galleries.map(({ id, name }) => ({ value: id, text: name })),
    ticked ?? [],
  );
  const all = element("input", { type: "checkbox" });
  all.checked = ticked === null;
  const follow = (): void => void some.group.toggleAttribute("hidden", all.checked);
  all.addEventListener("change", follow);
  follow();
  const whole = element(
    "div",
    { class: "pick" },
    element("label", {}, all, element("span", {}, t("console.pick.all"))),
    some.group,
  );
  const picked = (): string[] | null => {
    if (all.checked) return null;
    if (some.picked().length === 0) throw new Error(t("console.pick.none"));
    return some.picked();
  };
  return { group: whole, picked };
}

/** Galleries by name, or that it is all of them. */
export const named = (ids: readonly string[] | null, galleries: readonly Gallery[]): string =>
  ids === null
    ? t("console.pick.all")
    : ids.map((id) => galleries.find((gallery) => gallery.id === id)?.name ?? id).join(", ");
