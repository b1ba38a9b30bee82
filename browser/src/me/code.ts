/** The receipt's QR code on "My data": from the address, from the camera or from a picture of it. */

import type { Receipt } from "../consent/receipt.js";
import { type Holder, isReceiptCode, readReceiptCode } from "../consent/receipt-code.js";
import { CaptureProblem } from "../capture/errors.js";
import { call, Problem } from "../server/api.js";
import { byId, calm, complain, ofKind, onPress } from "../shared/dom.js";
import { qrIn, readQr } from "../shared/qr-reader.js";
import type { Key } from "../shared/catalogue.js";
import { t } from "../shared/texts.js";

interface Agreement {
  receipt_id: string;
  offer: string;
  countersignature: string | null;
}

/** What every code of this server's receipts begins with. */
const BEGINS = `${location.origin}/me#`;

/** The receipt that the key in a code belongs to, as the server has it. @throws {Problem} */
export async function receiptOf(fragment: string): Promise<Receipt> {
  const holder = await readReceiptCode(fragment);
  if (holder === null) throw new Error(t("me.code.wrong"));
  return asTheServerHasIt(emptyReceipt(holder));
}

/** A receipt of which only the key is known. */
const emptyReceipt = ({ subject_id, private_key }: Holder): Receipt => ({
  visavis_receipt: 1,
  server: location.origin,
  subject_id,
  receipt_id: "",
  offer: "",
  countersignature: "",
  private_key,
});

/** The same with the newest agreement in it. @throws {Problem} */
export async function asTheServerHasIt(begun: Receipt): Promise<Receipt> {
  const { receipts } = await call<{ receipts: Agreement[] }>("GET", "/v1/me", { as: begun });
  const newest = receipts.filter((one) => one.countersignature !== null).at(-1);
  if (newest === undefined) return begun;
  const { receipt_id, offer, countersignature } = newest;
  return { ...begun, receipt_id, offer, countersignature: countersignature ?? "" };
}

const fragmentOf = (text: string): string => text.slice(text.indexOf("#") + 1);

/** @throws {Error} there is no code of such a receipt in the picture */
export async function fragmentIn(picture: File): Promise<string> {
  const text = await qrIn(picture).catch(() => null);
  if (text === null || !text.startsWith(BEGINS)) throw new Error(t("me.scan.none"));
  return fragmentOf(text);
}

/** The camera looks for the code from the press on, until it has it or the person has enough. */
export function onScan(found: (fragment: string) => Promise<void>): void {
  const video = ofKind(HTMLVideoElement, "scan-video");
  let looking = new AbortController();
  const end = (): void => {
    looking.abort();
    byId("scanning").hidden = true;
    byId("scan").hidden = false;
  };
  onPress("scan", "problem", async () => {
    looking = new AbortController();
    byId("scanning").hidden = false;
    byId("scan").hidden = true;
    byId("stop-scan").focus();
    try {
      const text = await readQr(video, BEGINS, looking.signal);
      end();
      if (isReceiptCode(fragmentOf(text))) await found(fragmentOf(text));
      else throw new Error(t("me.code.wrong"));
    } catch (error) {
      if (looking.signal.aborted) return;
      end();
      byId("scan").focus();
      if (!(error instanceof CaptureProblem)) throw error;
      const said = [`capture.problem.${error.code}`, `capture.problem.${error.code}.mend`] as Key[];
      throw new Error(said.map((key) => t(key)).join(" "));
    }
  });
  byId("stop-scan").addEventListener("click", () => {
    end();
    byId("scan").focus();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) end();
  });
}

/** Begin with a code; what goes wrong is said on the page. */
export async function withCode(fragment: string, begin: (receipt: Receipt) => Promise<void>): Promise<void> {
  calm("problem");
  try {
    await begin(await receiptOf(fragment));
  } catch (error) {
    if (error instanceof Problem && error.code === "signature_refused") error.mendBy(t("me.not_known"));
    complain("problem", error);
  }
}
