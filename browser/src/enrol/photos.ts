/** The photos that somebody takes, until they are sent: in this page's memory, and nowhere else. */

import type { Pose } from "../capture/guide.js";
import type { PhotosWaiting } from "../consent/terms.js";
import { hex, sha256 } from "../crypto/bytes.js";
import { call, Problem } from "../server/api.js";
import { onePhoto } from "../server/multipart.js";
import { Sent } from "./sent.js";

export type Fate = "waits" | "sending" | "taken" | "refused";

export interface Photo {
  readonly picture: Blob;
  /** Where an `<img>` finds it. */
  readonly address: string;
  /** As what it was taken. */
  readonly pose: Pose;
  readonly fromFile: boolean;
  fate: Fate;
  /** Why it was refused. */
  why: Problem | null;
}

interface SentPhotos extends PhotosWaiting {
  photos: { status: "TAKEN" | "REFUSED"; code: string | null; title: string | null; mend: string | null }[];
}

const WANTED: readonly Pose[] = ["straight", "left", "right"];
const PHOTOS = "/v1/consent/photos";

export class Photos {
  readonly #link: string;
  readonly #changed: () => void;
  /** SHA-256 of each that was sent from this tab: what else waits is somebody else's. */
  readonly #sent = new Sent();
  #all: readonly Photo[] = [];
  #held = 0;
  #most = WANTED.length;
  /** The one that is taken again: it stays until there is another. */
  #again: Photo | null = null;

  /** @param changed called whenever something about them is another */
  constructor(link: string, changed: () => void) {
    this.#link = link;
    this.#changed = changed;
  }

  get all(): readonly Photo[] {
    return this.#all;
  }

  /** How many wait at the server, those from before this page was opened among them. */
  get held(): number {
    return this.#held;
  }

  /** Those that the server has not got. */
  get waiting(): readonly Photo[] {
    return this.#all.filter((one) => one.fate === "waits");
  }

  /** By which the server knows again what was sent from this tab. */
  get digests(): string[] {
    return this.#sent.all;
  }

  /** Whether all that waits may have been sent from this tab; the server knows. */
  get areOwn(): boolean {
    return this.#held > 0 && this.#held <= this.#sent.all.length;
  }

  /** How many more the invitation takes. */
  get room(): number {
    return Math.max(0, this.#most - this.#held - this.waiting.length);
  }

  /** Which photos are to be taken now. */
  get missing(): Pose[] {
    if (this.#again !== null) return [this.#again.pose];
    const there = new Set(this.#all.filter((one) => one.fate !== "refused").map((one) => one.pose));
    const missing = WANTED.filter((pose) => !there.has(pose));
    return (missing.length > 0 ? missing : WANTED.slice(0, 1)).slice(0, this.room);
  }

  /** Know again what was sent from this tab before the page was loaded anew. */
  recall(): Promise<void> {
    return this.#sent.recall(this.#link);
  }

  /** What the server said of them as the page was opened. */
  found({ held, at_most }: PhotosWaiting): void {
    [this.#held, this.#most] = [held, at_most];
    this.#changed();
  }

  add(picture: Blob, pose: Pose, fromFile: boolean): void {
    const photo: Photo = { picture, address: URL.createObjectURL(picture), pose, fromFile, fate: "waits", why: null };
    const [old, others] = [this.#again, this.#all];
    this.#all = old === null ? [...others, photo] : others.map((one) => (one === old ? photo : one));
    if (old !== null) URL.revokeObjectURL(old.address);
    this.#again = null;
    this.#changed();
  }

  /** The next one that is added takes this one's place; null: it does not. */
  again(photo: Photo | null): void {
    this.#again = photo;
  }

  drop(photo: Photo): void {
    URL.revokeObjectURL(photo.address);
    this.#all = this.#all.filter((one) => one !== photo);
    if (this.#again === photo) this.#again = null;
    this.#changed();
  }

  /**
   * Send those that wait, one after the other: what got through before the line broke has got through.
   * @throws {Problem} the server took none of what was left; it waits on
   */
  async send(): Promise<void> {
    for (const photo of this.waiting) {
      this.#is(photo, "sending");
      try {
        await this.#sendOne(photo);
      } catch (error) {
        this.#is(photo, "waits");
        throw error;
      }
    }
  }

  async #sendOne(photo: Photo): Promise<void> {
    const picture = new Uint8Array(await photo.picture.arrayBuffer());
    const digest = hex(await sha256(picture));
    this.#sent.add(digest); // before its answer, which may be lost
    const { bytes, type } = onePhoto("photos", picture);
    const sent = await call<SentPhotos>("POST", PHOTOS, { link: this.#link, bytes, type });
    this.#held = sent.held;
    const [said] = sent.photos;
    if (said?.status === "TAKEN") return this.#is(photo, "taken");
    photo.why = Problem.sent({ code: said?.code ?? "", title: said?.title ?? "", mend: said?.mend ?? "" });
    this.#sent.delete(digest);
    this.#is(photo, "refused");
  }

  #is(photo: Photo, fate: Fate): void {
    photo.fate = fate;
    this.#changed();
  }

  /** Forget all of them, here and at the server. @throws {Problem} nothing was forgotten */
  async startOver(): Promise<void> {
    if (this.#held > 0 || this.#all.some((one) => one.fate !== "waits")) {
      await call("DELETE", PHOTOS, { link: this.#link });
    }
    this.#held = 0;
    this.forget();
  }

  /** The server has none any more: those that are here can be sent again. */
  lost(): void {
    this.#held = 0;
    for (const photo of this.#all) if (photo.fate === "taken") photo.fate = "waits";
    this.#changed();
  }

  /** Forget those that are here, and what was sent: all is over, or begins anew. */
  forget(): void {
    this.#sent.clear();
    for (const { address } of this.#all) URL.revokeObjectURL(address);
    this.#all = [];
    this.#again = null;
    this.#changed();
  }
}
