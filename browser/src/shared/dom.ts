/** The few things our pages do to themselves. */

import { Problem, type Sentence } from "../server/problem.js";
import { t } from "./texts.js";

/** The element with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element "${id}".`);
  return found;
}

/** The element with this id, which is of this kind. */
export function ofKind<Kind extends HTMLElement>(kind: abstract new () => Kind, id: string): Kind {
  const found = byId(id);
  if (!(found instanceof kind)) throw new Error(`The element "${id}" is of another kind.`);
  return found;
}

/** The box with this id. */
export const input = (id: string): HTMLInputElement => ofKind(HTMLInputElement, id);

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A sentence as a paragraph; one in another language says so. */
export const paragraph = ({ text, lang }: Sentence): HTMLParagraphElement =>
  element("p", lang === null ? {} : { lang, dir: "auto" }, text);

/** Write texts into the elements marked `data-field`. */
export function fill(texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) {
    document.querySelectorAll(`[data-field="${name}"]`).forEach((place) => (place.textContent = text));
  }
}

/** Say in which language the texts of these `data-field` elements are: they are not always in the page's. */
export function speak(names: readonly string[], lang: string): void {
  for (const name of names) {
    document.querySelectorAll<HTMLElement>(`[data-field="${name}"]`).forEach((place) => {
      place.lang = lang;
      place.dir = "auto";
    });
  }
}

/** Write how to reach somebody; an address of e-mail becomes a link. */
export function fillContact(contact: string): void {
  const isAddress = /^[^\s@/:?&]+@[^\s@/:?&]+$/.test(contact);
  document.querySelectorAll('[data-field="contact"]').forEach((place) => {
    place.replaceChildren(isAddress ? element("a", { href: `mailto:${contact}` }, contact) : contact);
  });
}

/** Show one part of the page and hide its siblings; whoever reads by ear or keyboard is taken to its heading. */
export function show(id: string): void {
  const part = byId(id);
  for (const sibling of part.parentElement?.children ?? []) {
    if (sibling.hasAttribute("data-part")) sibling.toggleAttribute("hidden", sibling !== part);
  }
  const heading = part.querySelector("h1, h2");
  if (heading instanceof HTMLElement) {
    document.title = `${heading.textContent} · Visavis`;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  scrollTo(0, 0);
}

/** Say what went wrong and what to do, in the place made for it. */
export function complain(where: string | HTMLElement, error: unknown): void {
  const place = typeof where === "string" ? byId(where) : where;
  if (error instanceof Problem) {
    place.replaceChildren(...error.sentences.map(paragraph));
    if (error.requestId !== "") {
      place.append(element("p", {}, element("small", {}, t("page.request", { id: error.requestId }))));
    }
  } else {
    place.replaceChildren(element("p", {}, error instanceof Error ? error.message : String(error)));
  }
  place.hidden = false;
}

/** Take back what was said. */
export function calm(id: string): void {
  byId(id).replaceChildren();
}

/** Do something once at a time when a button is pressed; what goes wrong is said at `complaints`. */
export function onPress(id: string, complaints: string, act: () => Promise<void>): void {
  const button = byId(id);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    calm(complaints);
    try {
      await act();
    } catch (error) {
      complain(complaints, error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}

/** Hand a file to the person. Nothing is sent. */
export function save(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export const saveJson = (name: string, value: unknown): void =>
  save(name, new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: "application/json" }));

/** What follows `#` in the address; browsers do not send it to servers. */
export const fragment = (): string => location.hash.slice(1);

/** Take a used secret out of the address and the history. */
export const dropFragment = (): void => history.replaceState(null, "", location.pathname);
