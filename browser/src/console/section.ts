/** What a section of the console is, and what the frame gives it. */

import type { Call, Method } from "../server/api.js";
import type { Key } from "../shared/catalogue.js";

export type Role = "admin" | "operator" | "auditor" | "custodian" | "caseworker";
export type Scope = "admin" | "enrol" | "operate" | "export" | "seal" | "backup" | "metrics" | "audit" | "approve";

/** Who is logged in, as `GET /v1/console/me` says. */
export interface Me {
  account_id: string;
  name: string;
  roles: Role[];
  scopes: Scope[];
  gallery_ids: string[] | null;
  by_provider: boolean;
  idle_until: string;
  ends_at: string;
}

/** One time that a section is open; over when another is opened, or the session ends. */
export interface Visit {
  readonly me: Me;
  /** What follows the section's name in the address, part by part, decoded: `["gal_1", "sub_2"]`. */
  readonly rest: readonly string[];
  /** Aborted when the visit is over. */
  readonly signal: AbortSignal;
  /** Whether one of these scopes is theirs. */
  may(...scopes: Scope[]): boolean;
  /**
   * One call as who is logged in, given up when the visit is over: what stands after it is never run too late.
   * @throws {Problem}
   */
  ask<Answer>(method: Method, path: string, options?: Omit<Call, "session" | "signal">): Promise<Answer>;
  /**
   * A list to its end, or its first `most` entries.
   * @throws {Problem}
   */
  all<Item>(path: string, most?: number): Promise<Item[]>;
  /** A text or file that the server makes. @throws {Problem} */
  file(path: string, options?: Pick<Call, "reason">, method?: Method): Promise<Blob>;
  /** Do something; what stops it is said in the nearest place with `role="alert"` around `near`. */
  tried(near: Element, doing: () => Promise<void>): Promise<void>;
  /** A button of which one press at a time is done. */
  button(text: string, doing: () => Promise<void>, attributes?: Readonly<Record<string, string>>): HTMLButtonElement;
  /** Do something when a form is sent, one at a time. */
  onSend(form: HTMLFormElement, doing: () => Promise<void>): void;
  /** Open the section anew, to show what it is after an act. The focus goes to its heading. */
  again(): void;
}

/** What a module of a section exports as `section`. */
export interface Section {
  /** Fill in the section's elements, which were just made from its template. @throws {Problem} */
  open(visit: Visit): Promise<void>;
}

/** A section before it is loaded. */
export interface Place {
  /** Its name in addresses, of its template (`web/pages/console/NAME.html`) and of its module. */
  name: string;
  title: Key;
  group: "desk" | "rules" | "server";
  /** One of these opens it; none: it is for everybody who is logged in. */
  scopes: readonly Scope[];
  load(): Promise<{ section: Section }>;
}
