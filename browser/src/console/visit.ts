/** The calls and presses of one visit to a section. */

import { call, fetched, Problem } from "../server/api.js";
import { byId, complain, element } from "../shared/dom.js";
import type { Me, Visit } from "./section.js";

const PAGE = 200;
const MOST = 1000;

interface Listed<Item> {
  items: Item[];
  next: string | null;
}

/** What the frame is told. */
export interface Frame {
  /** The server answered: the session is not idle. */
  used(): void;
  /** The session is over. */
  ended(problem: Problem): void;
  again(): void;
}

/** Where to say what stops something: the nearest place for it around the press. */
function nearestAlert(near: Element): HTMLElement {
  for (let around: Element | null = near; around !== null; around = around.parentElement) {
    const place = around.querySelector<HTMLElement>("[role=alert]");
    if (place !== null) return place;
  }
  return byId("problem");
}

export function visitOf(me: Me, rest: readonly string[], signal: AbortSignal, frame: Frame): Visit {
  async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const found = await answer;
    signal.throwIfAborted();
    frame.used();
    return found;
  }

  async function tried(near: Element, doing: () => Promise<void>): Promise<void> {
    const place = nearestAlert(near);
    place.replaceChildren();
    try {
      await doing();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status === 401) frame.ended(error);
      else complain(place, error);
    }
  }

  /** Once at a time. */
  async function once(button: HTMLElement, doing: () => Promise<void>): Promise<void> {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    await tried(button, doing);
    button.removeAttribute("aria-disabled");
  }

  const ask: Visit["ask"] = (method, path, options = {}) =>
    asked(call(method, path, { ...options, session: true, signal }));

  return {
    me,
    rest,
    signal,
    ask,
    tried,
    may: (...scopes) => scopes.some((scope) => me.scopes.includes(scope)),
    async all<Item>(path: string, most = MOST) {
      const found: Item[] = [];
      for (let after: string | null = ""; after !== null && found.length < most;) {
        const query = new URLSearchParams({ limit: String(PAGE), ...(after === "" ? {} : { after }) });
        const page: Listed<Item> = await ask("GET", `${path}${path.includes("?") ? "&" : "?"}${query}`);
        found.push(...page.items);
        after = page.next;
      }
      return found.slice(0, most);
    },
    file: (path, options = {}, method = "GET") => asked(fetched(path, { ...options, session: true, signal }, method)),
    button(text, doing, attributes = {}) {
      const button = element("button", { type: "button", ...attributes }, text);
      button.addEventListener("click", () => void once(button, doing));
      return button;
    },
    onSend(form, doing) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        void once(form.querySelector<HTMLElement>("button[type=submit], button:not([type])") ?? form, doing);
      });
    },
    again: () => frame.again(),
  };
}
