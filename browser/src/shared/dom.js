// @ts-check
/** The few things our pages do to themselves. */

import { Problem } from "../server/api.js";

/** The element with this id. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element "${id}".`);
  return found;
}

/** @param {string} tag @param {Record<string, string>} attributes @param {...(Node | string)} children */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Write texts into the elements marked `data-field`. @param {Record<string, string>} texts */
export function fill(texts) {
  for (const [name, text] of Object.entries(texts)) {
    document.querySelectorAll(`[data-field="${name}"]`).forEach((place) => (place.textContent = text));
  }
}

/** Write how to reach somebody; an address of e-mail becomes a link. @param {string} contact */
export function fillContact(contact) {
  const isAddress = /^[^\s@/:?&]+@[^\s@/:?&]+$/.test(contact);
  document.querySelectorAll('[data-field="contact"]').forEach((place) => {
    place.replaceChildren(isAddress ? element("a", { href: `mailto:${contact}` }, contact) : contact);
  });
}

/** Show one part of the page and hide its siblings; whoever reads by ear or keyboard is taken to its heading. @param {string} id */
export function show(id) {
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

/** Say what went wrong and what to do, in the place made for it. @param {string} id @param {unknown} error */
export function complain(id, error) {
  const place = byId(id);
  const message = error instanceof Error ? error.message : String(error);
  place.replaceChildren(element("p", {}, message));
  if (error instanceof Problem) {
    if (error.mend !== "" && error.mend !== message) place.append(element("p", {}, error.mend));
    if (error.requestId !== "") place.append(element("p", {}, element("small", {}, `Request ${error.requestId}`)));
  }
  place.hidden = false;
}

/** Take back what was said. @param {string} id */
export function calm(id) {
  byId(id).replaceChildren();
}

/**
 * Do something once at a time when a button is pressed; what goes wrong is said at `complaints`.
 * @param {string} id
 * @param {string} complaints
 * @param {() => Promise<void>} act
 */
export function onPress(id, complaints, act) {
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

/** Hand a file to the person. Nothing is sent. @param {string} name @param {Blob} content */
export function save(name, content) {
  const address = URL.createObjectURL(content);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** @param {string} name @param {unknown} value */
export const saveJson = (name, value) =>
  save(name, new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: "application/json" }));

/** What follows `#` in the address; browsers do not send it to servers. */
export const fragment = () => location.hash.slice(1);

/** Take a used secret out of the address and the history. */
export const dropFragment = () => history.replaceState(null, "", location.pathname);
