/** The frame around the sections: navigation by the address, one visit at a time, and its end when nobody is there. */

import type { Problem } from "../server/api.js";
import { byId, calm, complain, element, fragment, ofKind, show } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/words.js";
import { GROUPS, PLACES } from "./places.js";
import type { Me, Place } from "./section.js";
import { visitOf } from "./visit.js";

/** As long as the server keeps a session that is not used. */
const IDLE_MS = 15 * 60 * 1000;
/** Faster than this nobody has to be told that it takes time. */
const PATIENCE_MS = 400;

const ADDRESS = /^\/([a-z-]+)((?:\/[^/]+)*)\/?$/;

export class Frame {
  #me: Me | null = null;
  #open = new AbortController();
  #idle: ReturnType<typeof setTimeout> | undefined;
  readonly #onEnd: (problem: Problem | null) => void;

  /** @param onEnd the session is over: what was open is gone. Without a problem it was left alone for too long. */
  constructor(onEnd: (problem: Problem | null) => void) {
    this.#onEnd = onEnd;
    byId("places-toggle").addEventListener("click", () => this.#unfold(byId("places").hasAttribute("hidden")));
  }

  get isOpen(): boolean {
    return this.#me !== null;
  }

  /** Somebody is logged in. */
  async start(me: Me): Promise<void> {
    this.#me = me;
    const roles = me.roles.map((role) => t(`console.role.${role}`)).join(", ");
    byId("who").textContent = t("console.who", { name: me.name, roles, time: clock(me.ends_at) });
    byId("places").replaceChildren(...GROUPS.flatMap((group) => this.#group(group)));
    this.#used();
    await this.route();
  }

  /** Nobody is any more: nothing of what was shown stays in the page. */
  stop(): void {
    this.#me = null;
    this.#open.abort();
    clearTimeout(this.#idle);
    byId("section").replaceChildren();
    byId("section").removeAttribute("aria-busy");
    byId("section-waits").hidden = true;
    byId("places").replaceChildren();
    byId("who").textContent = "";
  }

  /** Open what the address names. */
  async route(scroll = 0): Promise<void> {
    const me = this.#me;
    if (me === null) return;
    this.#open.abort();
    const visit = (this.#open = new AbortController());
    calm("problem");
    const named = ADDRESS.exec(fragment());
    const mine = PLACES.filter((place) => isFor(place, me));
    const place = named === null ? mine[0] : mine.find(({ name }) => name === named[1]);
    this.#mark(place);
    this.#unfold(false);
    byId("section").replaceChildren(this.#template(place));
    show("home");
    if (place === undefined) return;
    const rest = (named?.[2] ?? "").split("/").slice(1).map(decoded);
    const frame = {
      used: () => this.#used(),
      ended: (problem: Problem) => this.#end(problem),
      again: () => void this.route(scrollY),
    };
    const asked = visitOf(me, rest, visit.signal, frame);
    const waits = setTimeout(() => (byId("section-waits").hidden = false), PATIENCE_MS);
    byId("section").setAttribute("aria-busy", "true");
    await asked.tried(byId("section").firstElementChild ?? byId("section"), async () => {
      const { section } = await place.load();
      visit.signal.throwIfAborted();
      await section.open(asked);
    });
    clearTimeout(waits);
    if (visit.signal.aborted) return;
    byId("section-waits").hidden = true;
    byId("section").removeAttribute("aria-busy");
    if (scroll > 0) scrollTo(0, scroll);
  }

  #template(place: Place | undefined): Node {
    const id = place === undefined ? "section-none" : `section-${place.name}`;
    return ofKind(HTMLTemplateElement, id).content.cloneNode(true);
  }

  #group(group: Place["group"]): HTMLElement[] {
    const me = this.#me;
    const places = me === null ? [] : PLACES.filter((place) => place.group === group && isFor(place, me));
    if (places.length === 0) return [];
    const heading = element("p", { id: `places-${group}`, class: "soft" }, t(`console.group.${group}`));
    const links = places.map(({ name, title }) => element("li", {}, element("a", { href: `#/${name}` }, t(title))));
    return [heading, element("ul", { "aria-labelledby": heading.id }, ...links)];
  }

  #mark(place: Place | undefined): void {
    for (const link of byId("places").querySelectorAll("a")) {
      if (place !== undefined && link.hash === `#/${place.name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    byId("places-here").textContent = place === undefined ? "" : t(place.title);
  }

  /** On a narrow screen the navigation is behind a button; a wide one shows it always. */
  #unfold(open: boolean): void {
    byId("places").hidden = !open;
    byId("places-toggle").setAttribute("aria-expanded", String(open));
  }

  #used(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end(null), IDLE_MS);
  }

  #end(problem: Problem | null): void {
    this.stop();
    this.#onEnd(problem);
  }
}

const isFor = ({ scopes }: Place, me: Me): boolean =>
  scopes.length === 0 || scopes.some((scope) => me.scopes.includes(scope));

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Say why somebody has to log in again. */
export function tellEnd(problem: Problem | null): void {
  complain("problem", problem ?? new Error(t("console.idle")));
}
