/** The part of the person's page that shows what the log says about them, or why it cannot be believed. */

import type { Receipt } from "../consent/receipt.js";
import { base64 } from "../crypto/bytes.js";
import { Problem } from "../server/problem.js";
import { byId, calm, complain, element, fill, onPress, saveJson } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { dayAndTime } from "../shared/words.js";
import { purposeInWords, resultInWords, whatInWords, whoInWords } from "./log-words.js";
import { type OwnEntry, type OwnLog, ownLog } from "./own-log.js";

/** What the server sent, when it did not check out. */
let evidence: unknown = null;
/** The receipt with what was checked. */
let checked: Receipt | null = null;

/** Ask for the log and check it. What goes wrong is said in its own place: the rest of the page stays. */
export async function showLog(receipt: Receipt): Promise<void> {
  calm("log-problem");
  evidence = checked = null;
  byId("log-list").hidden = byId("log-evidence").hidden = true;
  byId("log-status").textContent = t("me.log.checking");
  try {
    const found = await ownLog(receipt);
    showEntries(found, receipt);
    checked = { ...receipt, log_key: found.key.line };
    if (found.newest !== null) checked.log_checkpoint = found.newest.note;
  } catch (error) {
    byId("log-status").textContent = "";
    complain("log-problem", error);
    evidence = error instanceof Problem ? error.evidence : null;
    byId("log-evidence").hidden = evidence === null;
  }
}

function showEntries({ entries, newest, key }: OwnLog, receipt: Receipt): void {
  byId("log-entries").replaceChildren(...entries.map((own) => item(own, receipt)));
  byId("log-status").textContent = summary(entries);
  fill({
    "log-size": newest === null ? t("me.log.unpublished") : t("me.log.entries", { n: newest.size }),
    "log-root": newest === null ? "" : base64(newest.root),
    "log-key": key.line,
  });
  byId("log-unpinned").textContent = t(receipt.visit_id === undefined ? "me.log.unpinned" : "me.log.without_receipt");
  byId("log-unpinned").hidden = receipt.log_key !== undefined;
  byId("log-list").hidden = false;
}

function summary(entries: OwnEntry[]): string {
  if (entries.length === 0) return t("me.log.none");
  const waiting = entries.filter((own) => !own.proven).length;
  const proven = t("me.log.checked", { n: entries.length - waiting });
  return waiting === 0 ? proven : `${proven} ${t("me.log.waiting", { n: waiting })}`;
}

function item(own: OwnEntry, receipt: Receipt): HTMLLIElement {
  const mark = own.proven ? element("span", { class: "proven" }, t("me.log.proven", { index: own.index })) : t("me.log.unproven");
  const result = resultInWords(own);
  const purpose = t("me.log.for", { purpose: purposeInWords(own, receipt) });
  const rest = [whoInWords(own), purpose].filter((text) => text !== "").join(". ");
  return element(
    "li",
    {},
    element("p", {}, element("small", {}, `${dayAndTime(own.details.at)} · `, mark)),
    element("p", {}, whatInWords(own), ...(result === "" ? [] : [": ", element("b", {}, result)])),
    element("p", {}, element("small", {}, `${rest}.`)),
  );
}

onPress("save-evidence", "log-problem", async () => {
  saveJson("visavis-log-evidence.json", evidence);
});
onPress("save-checked", "log-problem", async () => {
  if (checked === null) return;
  const name = `visavis-receipt-${checked.receipt_id.slice(-6)}.json`;
  saveJson(name, checked);
  byId("saved-checked").textContent = t("me.log.saved", { name });
});
