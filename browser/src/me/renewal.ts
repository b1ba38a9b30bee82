/** Going on: what is asked of somebody whose consent ends soon, and their answer with the key they have. */

import { countersign, type ConsentRecord, readOffer, type Receipt, spokenIn, statementFor } from "../consent/receipt.js";
import { saveFile, savePdf } from "../consent/receipt-files.js";
import { call, publishedKeys, serverNow } from "../server/api.js";
import { byId, calm, complain, fill, fillContact, input, onPress, show, speak } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { day } from "../shared/words.js";

interface Terms {
  receipt_id: string;
  offer: string;
  statement: string;
}

interface Asked extends Terms {
  record: ConsentRecord;
  renews: string;
  as: Receipt;
}

let asked: Asked | null = null;
/** What they have to keep, and what it says. */
let renewed: { receipt: Receipt; record: ConsentRecord } | null = null;

/** Ask what there is to agree to, and show it. @throws {Problem} @throws {Error} the offer is not one to be shown */
export async function askToGoOn(receipt: Receipt, renews: string): Promise<void> {
  const terms = await call<Terms>("GET", `/v1/me/receipts/${renews}/renewal`, { as: receipt });
  const record = await readOffer(terms.offer, await publishedKeys());
  const isFor = record.renews === renews && record.pii_principal_id === receipt.subject_id;
  if (!isFor || terms.statement !== statementFor(record)) throw new Error(t("page.another_statement"));
  asked = { ...terms, record, renews, as: receipt };
  const [controller] = record.party_identification;
  fill({
    "renew-purpose": record.pii_processing.purposes[0].purpose,
    "renew-controller": controller.party_name,
    "renew-methods": record.pii_processing.purposes[0].processing_methods.slice(1).join(" "),
    "renew-until": day(record.valid_until),
    "renew-statement": terms.statement,
  });
  speak(["renew-methods", "renew-statement"], spokenIn(record));
  fillContact(controller.party_contact);
  const notice = record.pii_processing.privacy_notice;
  const text = byId("renew-text");
  text.lang = notice.language;
  text.dir = "auto";
  text.textContent = notice.text;
  byId("renew-record").textContent = JSON.stringify(record, null, 2);
  input("renew-agree").checked = false;
  calm("renew-problem");
  show("renew");
}

async function goOn(): Promise<void> {
  if (asked === null) return;
  const box = input("renew-agree");
  if (!box.checked) {
    complain("renew-problem", t("page.tick_first"));
    box.focus();
    return;
  }
  const { offer, renews, as } = asked;
  // Asked again, it is the same answer: the first may have arrived.
  if (renewed?.receipt.offer !== offer) {
    const countersignature = await countersign(offer, as.private_key, serverNow());
    renewed = { receipt: { ...as, receipt_id: asked.receipt_id, offer, countersignature }, record: asked.record };
  }
  const body = { offer, countersignature: renewed.receipt.countersignature };
  await call("POST", `/v1/me/receipts/${renews}/renewal`, { as, body });
  asked = null;
  show("renewed");
}

const saved = (name: string): void => {
  byId("renewed-saved").textContent = t("consent.receipt.saved", { name });
};

/** @param back shows what is held, with the receipt that is in force now */
export function onRenewal(back: (receipt: Receipt | null) => Promise<void>): void {
  onPress("renew-yes", "renew-problem", goOn);
  onPress("renew-no", "renew-problem", async () => {
    asked = null;
    await back(null);
  });
  onPress("renewed-save", "renewed-problem", async () => {
    if (renewed !== null) saved(saveFile(renewed.receipt));
  });
  onPress("renewed-pdf", "renewed-problem", async () => {
    if (renewed !== null) saved(await savePdf(renewed.receipt, renewed.record));
  });
  onPress("renewed-back", "renewed-problem", () => back(renewed?.receipt ?? null));
}
