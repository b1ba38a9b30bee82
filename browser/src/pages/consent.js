// @ts-check
/** The page behind a one-time link: read the purpose, then agree or decline. */

import { Problem, call, publishedKeys, serverNow } from "../server/api.js";
import { byId, calm, complain, dropFragment, element, fill, fillContact, fragment, onPress, saveJson, show } from "../shared/dom.js";
import { canMakeKeys, makeKey } from "../crypto/keys.js";
import { showOtherWay } from "../consent/other-way.js";
import { STATEMENT, countersign, readOffer, toReceipt } from "../consent/receipt.js";
import { onReceipt } from "../consent/receipt-loader.js";
import { day, dayAndTime, days, language, promise, region, watched } from "../shared/words.js";

const link = fragment();

/** @type {{offer: string, record: any, logKey: string} | null} what the person is asked */
let asked = null;
/** @type {import("../crypto/keys.js").PrivateJwk | null} a key they had before, or the one made for this answer */
let key = null;
/** @type {import("../consent/receipt.js").Receipt | null} a receipt that they had before */
let earlier = null;
/** @type {import("../consent/receipt.js").Receipt | null} what they have to keep */
let receipt = null;
let isSaved = true;

async function start() {
  if (link === "") return over();
  try {
    const terms = await call("GET", "/v1/consent", { link });
    if (!terms.waiting) return over();
    if (terms.statement !== STATEMENT) throw new Error("The server asks for another statement than this page knows.");
    const record = await readOffer(terms.offer, await publishedKeys());
    asked = { offer: terms.offer, record, logKey: terms.log_key };
    ask(asked.record, terms);
  } catch (error) {
    if (isOver(error)) return over();
    complain("problem", error);
  }
}

/** @param {unknown} error */
const isOver = (error) => error instanceof Problem && error.code === "link_unknown";

/** Whether the server itself said no: nothing was stored. @param {unknown} error */
const isRefusal = (error) => error instanceof Problem && error.status >= 400 && error.status < 500;

/** How long, and why no longer. @param {{retention_period: string, ends_at?: string}} purpose @param {string} until */
function lasts({ retention_period, ends_at }, until) {
  if (ends_at === undefined) return days(retention_period);
  return ends_at === until ? "when this purpose ends" : `${days(retention_period)}; the purpose ends on ${day(ends_at)}`;
}

/** @param {any} record @param {{statement: string, expires_at: string}} terms */
function ask(record, terms) {
  const notice = record.pii_processing.privacy_notice;
  const purpose = record.pii_processing.purposes[0];
  const controller = record.party_identification[0];
  fill({
    controller: controller.party_name,
    purpose: purpose.purpose,
    methods: purpose.processing_methods.slice(1).join(" "),
    until: day(record.valid_until),
    days: lasts(purpose, record.valid_until),
    stays: purpose.ends_at === record.valid_until ? "this purpose ends" : `${days(purpose.retention_period)} are over`,
    backups: days(purpose.backup_retention_period),
    promise: promise(purpose.error_target),
    watched: watched(purpose.liveness),
    recipients: purpose.recipients.length === 0 ? "Nobody." : purpose.recipients.join(", "),
    jurisdiction: region(record.pii_processing.jurisdiction),
    version: String(notice.version),
    language: language(notice.language),
    statement: terms.statement,
    "link-until": dayAndTime(terms.expires_at),
  });
  fillContact(controller.party_contact);
  byId("text").lang = notice.language;
  byId("text").textContent = notice.text;
  byId("record").textContent = JSON.stringify(record, null, 2);
  show("ask");
}

async function agree() {
  const box = /** @type {HTMLInputElement} */ (byId("agree"));
  if (!box.checked) {
    complain("agree-problem", "Tick the box first, if you agree. If not, choose No.");
    box.focus();
    return;
  }
  if (asked === null) return;
  if (!(await canMakeKeys())) {
    throw new Error("This browser cannot make a key. Update it, or open the link in another browser. No works here too.");
  }
  key ??= await makeKey();
  const { offer, record, logKey } = asked;
  if (receipt?.private_key !== key) {
    const countersignature = await countersign(offer, key, serverNow());
    receipt = toReceipt({ server: location.origin, record, offer, countersignature, key, logKey, earlier });
  }
  await answerYes(receipt);
}

/** @param {import("../consent/receipt.js").Receipt} signed */
async function answerYes(signed) {
  try {
    const agreed = await call("POST", "/v1/consent/countersignature", {
      link,
      body: { countersignature: signed.countersignature },
    });
    showOtherWay("agreed-other", agreed.other_way);
  } catch (error) {
    if (!isRefusal(error)) isSaved = false; // it may have arrived, and be stored: keep the key
    if (error instanceof Problem && error.code === "consent_forged") byId("earlier").setAttribute("open", "");
    if (!isOver(error)) throw error;
    return overUnless(signed);
  }
  showAgreed();
}

function showAgreed() {
  isSaved = false;
  dropFragment();
  show("agreed");
}

/** The link is over, by this very answer perhaps: then its receipt is still to be kept. @param {import("../consent/receipt.js").Receipt | null} signed */
async function overUnless(signed) {
  if (signed === null || !(await isKnown(signed))) return over();
  byId("agreed-other").replaceChildren(
    element("p", {}, "Your PIN and QR code got lost on the way. The people who enrolled you can give you new ones."),
  );
  showAgreed();
}

/** Whether an earlier try arrived although its answer did not. @param {import("../consent/receipt.js").Receipt} signed */
async function isKnown(signed) {
  try {
    const held = await call("GET", "/v1/me", { as: signed });
    return held.receipts.some((/** @type {any} */ one) => one.countersignature === signed.countersignature);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return false;
    throw error;
  }
}

function over() {
  isSaved = true;
  show("over");
}

async function saveReceipt() {
  if (receipt === null) return;
  const name = `visavis-receipt-${receipt.receipt_id.slice(-6)}.json`;
  saveJson(name, receipt);
  isSaved = true;
  byId("saved").textContent = `Saved as ${name}. Look into your downloads, and put it where you will find it again.`;
}

async function decline() {
  try {
    const declined = await call("POST", "/v1/consent/refusal", { link });
    showOtherWay("declined-other", declined.other_way);
    byId("declined-before").hidden = declined.other_way !== null;
    byId("declined-stays").hidden = declined.other_way === null;
  } catch (error) {
    if (isOver(error)) return overUnless(receipt);
    throw error;
  }
  isSaved = true; // an earlier yes did not arrive: its key opens nothing
  dropFragment();
  show("declined");
}

onPress("yes", "problem", agree);
onPress("no", "problem", decline);
onPress("save", "problem", saveReceipt);
byId("agree").addEventListener("change", () => calm("agree-problem"));
onReceipt({ input: "earlier-file", drop: "earlier-drop", complaints: "problem" }, async (loaded) => {
  if (loaded.subject_id !== asked?.record.pii_principal_id) {
    throw new Error("This receipt is for somebody else, or for another purpose.");
  }
  earlier = loaded;
  key = loaded.private_key;
  byId("earlier-said").textContent = "Loaded. Your answer will be signed with the same key.";
});
addEventListener("beforeunload", (event) => {
  if (!isSaved) event.preventDefault();
});
addEventListener("hashchange", () => location.reload());
void start();
