/** Entries of the log in plain words, for the person they are about. */

import type { ConsentRecord, Receipt } from "../consent/receipt.js";
import { partsOf } from "../crypto/jws.js";
import { find, t } from "../shared/texts.js";
import { outcomeInWords, plain, reasonInWords } from "../shared/words.js";
import type { OwnEntry } from "./own-log.js";

const kindInWords = (kind: string): string => find(`log.kind.${kind}`) ?? plain(kind);

export function whatInWords({ entry, details }: OwnEntry): string {
  const { event } = entry;
  const [act, kind, means] = [entry["act"], entry["kind"], entry["means"]].map(String) as [string, string, string];
  if (event === "reading") return find(`log.read.${act}`) ?? t("log.read.list", { list: plain(act) });
  if (event === "credential" && details.by !== undefined) return t("log.event.credential_by", { name: String(details.by) });
  if (event === "export" && act === "references_done") return t("log.event.references_done");
  if (event === "review" && act === "dispute") return t("log.event.dispute");
  if (event === "session") return t("log.event.session", { kind: kindInWords(kind) });
  if (event === "decision") return find(`log.event.${means}`, { kind: kindInWords(kind) }) ?? plain(means);
  return find(`log.event.${event}`) ?? plain(event);
}

export function resultInWords({ entry, details }: OwnEntry): string {
  if (entry.event === "review") return find(`log.resolution.${entry["act"]}`) ?? "";
  if (entry.event !== "decision") return "";
  return outcomeInWords(String(entry["outcome"])) + (details.reason ? ` (${reasonInWords(details.reason)})` : "");
}

/** Who did it, and why, as far as the entry says it. */
export function whoInWords({ entry, details }: OwnEntry): string {
  if (entry.event === "reading" && entry["act"] === "own") return t("log.at", { station: String(details.reason) });
  if (entry.event === "reading" || entry.event === "export") {
    return t("log.by", { name: String(details.by), reason: String(details.reason) });
  }
  if (!details.station) return "";
  return t("log.at", { station: details.station_name ?? details.station });
}

/** The purpose of an entry, by the name in the person's own copy of what they agreed to. */
export function purposeInWords({ details }: OwnEntry, receipt: Receipt): string {
  if (receipt.offer === "") return String(details.purpose ?? details.gallery ?? "");
  const { gallery_id, pii_processing } = partsOf<ConsentRecord>(receipt.offer).payload;
  const [{ purpose_id, purpose }] = pii_processing.purposes;
  const known = details.purpose === purpose_id || (details.purpose === undefined && details.gallery === gallery_id);
  return known ? purpose : String(details.purpose ?? details.gallery ?? "");
}
