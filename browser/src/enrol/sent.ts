/**
 * What this tab keeps of the photos that were sent from it, so that after a reload it still knows them: the SHA-256 of
 * each and of the link, never a photo and not the link itself. It goes with the answer, and with the tab.
 */

import { hex, sha256, utf8 } from "../crypto/bytes.js";

const KEPT = "visavis-photos-sent";

interface Kept {
  link: string;
  digests: string[];
}

const isKept = (found: unknown): found is Kept =>
  typeof found === "object" && found !== null && "link" in found && "digests" in found && Array.isArray(found.digests);

/** What an earlier page in this tab kept; null: nothing that can be read. */
function kept(): Kept | null {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    return isKept(found) ? found : null;
  } catch {
    return null;
  }
}

export class Sent {
  readonly #digests = new Set<string>();
  /** SHA-256 of the link; until `recall` nothing is kept. */
  #link: string | null = null;

  get all(): string[] {
    return [...this.#digests];
  }

  /** Take up what was sent through this link before; what is of another link is forgotten. */
  async recall(link: string): Promise<void> {
    this.#link = hex(await sha256(utf8(link)));
    const before = kept();
    if (before?.link === this.#link) for (const digest of before.digests) this.#digests.add(String(digest));
    this.#keep();
  }

  add(digest: string): void {
    this.#digests.add(digest);
    this.#keep();
  }

  delete(digest: string): void {
    this.#digests.delete(digest);
    this.#keep();
  }

  clear(): void {
    this.#digests.clear();
    this.#keep();
  }

  #keep(): void {
    if (this.#link === null) return;
    try {
      if (this.#digests.size === 0) sessionStorage.removeItem(KEPT);
      else sessionStorage.setItem(KEPT, JSON.stringify({ link: this.#link, digests: this.all } satisfies Kept));
    } catch {
      // A browser that keeps nothing: after a reload the photos are taken anew.
    }
  }
}
