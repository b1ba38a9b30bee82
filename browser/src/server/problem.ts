/** What is said when something is refused: what happened, and what to do. */

import { find, t } from "../shared/texts.js";

/** A problem as the server words it (RFC 9457). */
export interface Said {
  code?: string;
  status?: number;
  title?: string;
  detail?: string;
  mend?: string;
  request_id?: string;
  retry_after_s?: number | null;
}

/** A sentence, and the language it is in where that is not the page's. */
export interface Sentence {
  text: string;
  lang: string | null;
}

/** Who reads it: an operator mends what a person can only tell them of. */
export type Reader = "person" | "operator";

/** The server words its refusals in English. */
const SERVERS_LANGUAGE = "en";

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string;
  /** Seconds after which to try again, where the server said so. */
  readonly retryAfter: number | null;
  /** What to do; empty where nobody said so. */
  readonly mend: string;
  /** What the server sent, where it has to be kept. */
  evidence: unknown = null;
  #detail: Sentence;
  #todo: Sentence;

  /** A problem in words of this page. */
  constructor(said: Said) {
    super(said.detail || said.title || t("problem.refused"));
    this.name = "Problem";
    this.code = said.code ?? "unknown";
    this.status = said.status ?? 0;
    this.mend = said.mend ?? "";
    this.requestId = said.request_id ?? "";
    this.retryAfter = said.retry_after_s ?? null;
    this.#detail = { text: this.message, lang: null };
    this.#todo = { text: this.mend, lang: null };
  }

  /** A problem as the server sent it, in words of this page where it has some for the code. */
  static sent(said: Said, reader: Reader = "person"): Problem {
    const problem = new Problem(said);
    problem.#detail = worded(said.code, "detail", said.detail || said.title, reader) ?? problem.#detail;
    problem.#todo = worded(said.code, "mend", said.mend, reader) ?? problem.#todo;
    return problem;
  }

  /** What happened and what to do. */
  get sentences(): Sentence[] {
    return this.#todo.text === "" || this.#todo.text === this.#detail.text ? [this.#detail] : [this.#detail, this.#todo];
  }

  /** Say what to do in the page's own words, where it knows better than the server. */
  mendBy(text: string): void {
    this.#todo = { text, lang: null };
  }
}

/**
 * What the page has to say for a code, or else the words of the server. Where a person can do something else about it
 * than an operator, they have words of their own.
 */
export function worded(
  code: string | undefined,
  part: "detail" | "mend",
  servers: string | undefined,
  reader: Reader = "person",
): Sentence | null {
  const own = code === undefined ? null : ((reader === "person" ? find(`person.${code}.${part}`) : null) ?? find(`problem.${code}.${part}`));
  if (own !== null) return { text: own, lang: null };
  return servers ? { text: servers, lang: SERVERS_LANGUAGE } : null;
}
