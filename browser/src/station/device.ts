/** What a station asks the server. */

import { Problem, call } from "../server/api.js";
import type { Challenge, Variant } from "../capture/challenge.js";
import { type Multipart, onePhoto } from "../server/multipart.js";
import type { Identity } from "./identity.js";

export type Kind = "identify" | "verify" | "document_check";

export interface Notice {
  purpose: string;
  controller: string;
  contact: string;
  jurisdiction: string;
  retention_days: number;
  ends_at: string | null;
  language: string;
  text: string;
}

export interface OwnStation {
  station_id: string;
  name: string;
  attended: boolean;
  locked: boolean;
  kinds: Kind[];
  /** How attack presentations are kept out: a challenge where it begins with `active`. */
  liveness: string;
  notice: Notice;
}

export interface Decision {
  decision_id: string;
  decision: "MATCH" | "NO_MATCH" | "REFUSED" | "REVIEW";
  reason: string | null;
  guidance: string | null;
  subject: { subject_id: string; external_reference: string } | null;
  retry_after_s: number | null;
}

/** What somebody says beside showing their face. */
export interface Shown {
  name: string;
  pin: string;
}

/** The decision, and where it is a match the link that opens the person's data, once. */
export interface OwnData extends Decision {
  me_link: string | null;
  link_expires_at: string | null;
}

/**
 * Where the session that is open is remembered, so that a page that was loaded again can give it up: for all tabs, since
 * the one that opened it may have crashed.
 */
const OPEN = "visavis-session";
const TRIES = 3;
const DEFAULT_WAIT_S = 2;

/** Become the station that a one-time code is for. @throws {Problem} */
export const pair = (code: string, publicKey: string): Promise<OwnStation> =>
  call("POST", "/v1/pairing", { body: { code, public_key: publicKey } });

export class Device {
  readonly #by: Identity;

  constructor(identity: Identity) {
    this.#by = identity;
  }

  /** What this station is for. @throws {Problem} `signature_refused` where it is one no more */
  own(): Promise<OwnStation> {
    return call("GET", "/v1/station", { by: this.#by });
  }

  /**
   * A session, because somebody asked for it. One that an earlier page left open is given up first; where the last one
   * began less than two seconds ago, this waits.
   * @throws {Problem}
   */
  async open(kind: Kind, signal: AbortSignal): Promise<string> {
    await this.giveUp();
    for (let tried = 1; ; tried++) {
      try {
        const session = await call<{ session_id: string }>("POST", "/v1/sessions", { by: this.#by, body: { kind }, signal });
        localStorage.setItem(OPEN, session.session_id);
        return session.session_id;
      } catch (error) {
        if (tried === TRIES || !(error instanceof Problem) || error.code !== "session_too_soon") throw error;
        await pause(error.retryAfter ?? DEFAULT_WAIT_S, signal);
      }
    }
  }

  /** Give up whatever session is open; that there is none is as good. */
  async giveUp(): Promise<void> {
    const open = localStorage.getItem(OPEN);
    if (open === null) return;
    try {
      await call("DELETE", `/v1/sessions/${open}`, { by: this.#by });
    } catch (error) {
      if (!(error instanceof Problem) || error.status < 400 || error.status >= 500) throw error;
    }
    localStorage.removeItem(OPEN);
  }

  /** Who makes the requests, and signs what they hold. */
  get by(): Identity {
    return this.#by;
  }

  /** What the person is to do, once for a session. @throws {Problem} */
  challenge(session: string, variant: Variant, signal: AbortSignal): Promise<Challenge> {
    return call("POST", `/v1/sessions/${session}/challenge`, { by: this.#by, body: { variant }, signal });
  }

  /** @param way of deciding @param shown a capture bundle */
  filmed<Answer = Decision>(session: string, way: string, shown: Multipart, signal: AbortSignal): Promise<Answer> {
    return this.#decide<Answer>(session, way, { ...shown, signal });
  }

  identify(session: string, photo: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Decision> {
    return this.#decide(session, "identify", { ...onePhoto("photo", photo), signal });
  }

  verify(session: string, photo: Uint8Array<ArrayBuffer>, name: string, signal: AbortSignal): Promise<Decision> {
    return this.#decide(session, "verify", { ...onePhoto("photo", photo, { external_reference: name }), signal });
  }

  /** @param disputed the decision of which this person just said that it was not them */
  pin(session: string, name: string, pin: string, signal: AbortSignal, disputed: string | null): Promise<Decision> {
    const body = { external_reference: name, pin, disputed_decision_id: disputed };
    return this.#decide(session, "pin", { body, signal });
  }

  /** @param disputed as for `pin` */
  qr(session: string, code: string, signal: AbortSignal, disputed: string | null): Promise<Decision> {
    return this.#decide(session, "qr", { body: { qr: code, disputed_decision_id: disputed }, signal });
  }

  /** Face and PIN together, of somebody without their receipt. */
  async ownData(session: string, photo: Uint8Array<ArrayBuffer>, shown: Shown, signal: AbortSignal): Promise<OwnData> {
    const form = { external_reference: shown.name, pin: shown.pin };
    return this.#decide<OwnData>(session, "own-data", { ...onePhoto("photo", photo, form), signal });
  }

  /** Somebody was taken for somebody else. @throws {Problem} */
  notMe(decision: string, signal: AbortSignal): Promise<unknown> {
    return call("POST", `/v1/decisions/${decision}/not-me`, { by: this.#by, signal });
  }

  async #decide<Answer = Decision>(session: string, way: string, asked: object): Promise<Answer> {
    const decision = await call<Answer>("POST", `/v1/sessions/${session}/${way}`, { by: this.#by, ...asked });
    localStorage.removeItem(OPEN);
    return decision;
  }
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
