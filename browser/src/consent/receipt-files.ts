/** The files in which a person keeps a receipt: for programs, and to be printed with its QR code. */

import { save, saveJson } from "../shared/dom.js";
import { date, day } from "../shared/words.js";
import type { ConsentRecord, Receipt } from "./receipt.js";

const nameOf = (receipt: Receipt, ending: string): string =>
  `visavis-receipt-${receipt.receipt_id.slice(-6)}.${ending}`;

/** @returns the name it was saved under */
export function saveFile(receipt: Receipt): string {
  const name = nameOf(receipt, "json");
  saveJson(name, receipt);
  return name;
}

/** @returns the name it was saved under */
export async function savePdf(receipt: Receipt, record: ConsentRecord): Promise<string> {
  const [[controller], [{ purpose }]] = [record.party_identification, record.pii_processing.purposes];
  const { receiptPdf } = await import("./receipt-pdf.js");
  const told = {
    purpose,
    controller: controller.party_name,
    contact: controller.party_contact,
    until: day(record.valid_until),
    guardianUntil: record.guardian === undefined ? null : date(record.guardian.until),
    text: record.pii_processing.privacy_notice.text,
  };
  const name = nameOf(receipt, "pdf");
  save(name, await receiptPdf(receipt, told, nameOf(receipt, "json")));
  return name;
}
