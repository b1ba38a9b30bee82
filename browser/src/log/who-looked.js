// @ts-check
/** The part of the person's page that shows what the log says about them, or why it cannot be believed. */

import { Problem } from "../server/api.js";
import { base64 } from "../crypto/bytes.js";
import { byId, calm, complain, element, fill, onPress, saveJson } from "../shared/dom.js";
import { purposeInWords, resultInWords, whatInWords, whoInWords } from "./log-words.js";
import { ownLog } from "./own-log.js";
import { dayAndTime } from "../shared/words.js";

/** @typedef {import("../consent/receipt.js").Receipt} Receipt */

/** @type {unknown} what the server sent, when it did not check out */
let evidence = null;
/** @type {Receipt | null} the receipt with what was checked */
let checked = null;

/** Ask for the log and check it. What goes wrong is said in its own place: the rest of the page stays. @param {Receipt} receipt */
export async function showLog(receipt) {
  calm("log-problem");
  evidence = checked = null;
  byId("log-list").hidden = byId("log-evidence").hidden = true;
  byId("log-status").textContent = "Checking the log …";
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

/** @param {Awaited<ReturnType<typeof ownLog>>} found @param {Receipt} receipt */
function showEntries({ entries, newest, key }, receipt) {
  byId("log-entries").replaceChildren(...entries.map((own) => item(own, receipt)));
  byId("log-status").textContent = summary(entries);
  fill({
    "log-size": newest === null ? "Nothing is published yet." : `${newest.size} entries of all people together`,
    "log-root": newest === null ? "" : base64(newest.root),
    "log-key": key.line,
  });
  byId("log-unpinned").hidden = receipt.log_key !== undefined;
  byId("log-list").hidden = false;
}

/** @param {import("./own-log.js").OwnEntry[]} entries */
function summary(entries) {
  if (entries.length === 0) return "The log has no entry about you.";
  const waiting = entries.filter((own) => !own.proven).length;
  const proven = entries.length - waiting;
  const rest = waiting === 0 ? "" : ` ${count(waiting)} not published yet: look again in a minute.`;
  return `Checked here, in your browser: ${count(proven)} proven to be in the public log.${rest}`;
}

/** @param {number} number */
const count = (number) => (number === 1 ? "1 entry is" : `${number} entries are`);

/** @param {import("./own-log.js").OwnEntry} own @param {Receipt} receipt */
function item(own, receipt) {
  const mark = own.proven ? element("span", { class: "proven" }, `Proven, entry ${own.index}`) : "Not published yet";
  const result = resultInWords(own);
  const rest = [whoInWords(own), `For ${purposeInWords(own, receipt)}`].filter((text) => text !== "").join(". ");
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
  byId("saved-checked").textContent = `Saved as ${name}. Use it from now on in place of the old file.`;
});
