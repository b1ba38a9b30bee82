/** The person's answer to what a link asks: yes with a key made here and a receipt to keep, or no. */

import { canMakeKeys, makeKey, type PrivateJwk } from "../crypto/keys.js";
import { call, Problem, serverNow } from "../server/api.js";
import { byId, element, onPress, show } from "../shared/dom.js";
import { qrSvg } from "../shared/qr.js";
import { t } from "../shared/texts.js";
import { type OtherWay, showOtherWay } from "./other-way.js";
import { countersign, type Receipt, toReceipt } from "./receipt.js";
import { receiptAddress } from "./receipt-code.js";
import { onReceipt } from "./receipt-loader.js";
import { saveFile, savePdf } from "./receipt-files.js";
import { type Asked, isOver } from "./terms.js";

/** What the server says to an answer: the way in without a face, where the person did not have it already. */
interface Answered {
  other_way: OtherWay | null;
}

export interface Surroundings {
  link: string;
  /** Where it is said that an earlier receipt cannot be used. */
  complaints: string;
  /** Takes the used link out of the address. */
  leave: () => void;
}

/** Whether the server itself said no: nothing was stored. */
const isRefusal = (error: unknown): boolean => error instanceof Problem && error.status >= 400 && error.status < 500;

/** Knows the parts `agreed`, `declined` and `over` of a page, and the one in which an earlier receipt is loaded. */
export class Answer {
  readonly #link: string;
  readonly #leave: () => void;
  #asked: Asked | null = null;
  /** A key they had before, or the one made for this answer. */
  #key: PrivateJwk | null = null;
  /** A receipt that they had before. */
  #earlier: Receipt | null = null;
  /** What they have to keep. */
  #receipt: Receipt | null = null;
  #isSaved = true;

  constructor({ link, complaints, leave }: Surroundings) {
    this.#link = link;
    this.#leave = leave;
    onPress("save", "agreed-problem", async () => this.#saveFile());
    onPress("save-pdf", "agreed-problem", () => this.#savePdf());
    onReceipt({ input: "earlier-file", drop: "earlier-drop", complaints }, async (loaded) => this.#loaded(loaded));
    addEventListener("beforeunload", (event) => {
      if (!this.#isSaved) event.preventDefault();
    });
  }

  /** What is answered. */
  to(asked: Asked): void {
    this.#asked = asked;
  }

  /**
   * Yes.
   * @param photos SHA-256 of each photo that was sent from this page
   * @throws {Problem} @throws {Error} this browser makes no keys
   */
  async agree(photos: readonly string[] = []): Promise<void> {
    if (this.#asked === null) return;
    if (!(await canMakeKeys())) throw new Error(t("consent.no_key"));
    this.#key ??= await makeKey();
    const { offer, record, logKey } = this.#asked;
    // Asked again, it is the same answer: the first may have arrived.
    if (this.#receipt?.private_key !== this.#key) {
      const countersignature = await countersign(offer, this.#key, serverNow());
      const parts = { server: location.origin, record, offer, countersignature, key: this.#key, logKey };
      this.#receipt = toReceipt({ ...parts, earlier: this.#earlier });
    }
    await this.#send(this.#receipt, photos);
  }

  /** No: what there is of the person's face is erased. @throws {Problem} */
  async decline(): Promise<void> {
    try {
      const declined = await call<Answered>("POST", "/v1/consent/refusal", { link: this.#link });
      showOtherWay("declined-other", declined.other_way);
      byId("declined-before").hidden = declined.other_way !== null;
      byId("declined-stays").hidden = declined.other_way === null;
    } catch (error) {
      if (isOver(error)) return this.ended();
      throw error;
    }
    this.#isSaved = true; // an earlier yes did not arrive: its key opens nothing
    this.#leave();
    show("declined");
  }

  /** The link is over, by this very answer perhaps: then its receipt is still to be kept. */
  async ended(): Promise<void> {
    if (this.#receipt === null || !(await this.#isKnown(this.#receipt))) return this.over();
    byId("agreed-other").replaceChildren(element("p", {}, t("consent.way.lost")));
    this.#showAgreed();
  }

  /** Nothing is asked any more. */
  over(): void {
    this.#isSaved = true;
    show("over");
  }

  async #send(signed: Receipt, photos: readonly string[]): Promise<void> {
    try {
      const body = { countersignature: signed.countersignature, photos };
      const agreed = await call<Answered>("POST", "/v1/consent/countersignature", { link: this.#link, body });
      showOtherWay("agreed-other", agreed.other_way);
    } catch (error) {
      if (!isRefusal(error)) this.#isSaved = false; // it may have arrived, and be stored: keep the key
      if (error instanceof Problem && error.code === "consent_forged") byId("earlier").setAttribute("open", "");
      if (!isOver(error)) throw error;
      return this.ended();
    }
    this.#showAgreed();
  }

  #showAgreed(): void {
    this.#isSaved = false;
    this.#leave();
    if (this.#receipt !== null) {
      byId("receipt-code").replaceChildren(qrSvg(receiptAddress(this.#receipt), t("consent.code")));
    }
    show("agreed");
  }

  /** Whether an earlier try arrived although its answer did not. */
  async #isKnown(signed: Receipt): Promise<boolean> {
    try {
      const held = await call<{ receipts: { countersignature: string | null }[] }>("GET", "/v1/me", { as: signed });
      return held.receipts.some((one) => one.countersignature === signed.countersignature);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return false;
      throw error;
    }
  }

  #loaded(earlier: Receipt): void {
    if (earlier.subject_id !== this.#asked?.record.pii_principal_id) throw new Error(t("consent.earlier.foreign"));
    this.#earlier = earlier;
    this.#key = earlier.private_key;
    byId("earlier-said").textContent = t("consent.earlier.loaded");
  }

  #saveFile(): void {
    if (this.#receipt !== null) this.#saved(saveFile(this.#receipt));
  }

  async #savePdf(): Promise<void> {
    if (this.#receipt !== null && this.#asked !== null) this.#saved(await savePdf(this.#receipt, this.#asked.record));
  }

  #saved(file: string): void {
    this.#isSaved = true;
    byId("saved").textContent = t("consent.receipt.saved", { name: file });
  }
}

