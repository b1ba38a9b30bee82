/** The page behind a one-time link: read the purpose, then agree or decline. */

import { type OtherWay, showOtherWay } from "../consent/other-way.js";
import {
  type ConsentRecord,
  countersign,
  readOffer,
  type Receipt,
  type RecordedPurpose,
  statementFor,
  toReceipt,
} from "../consent/receipt.js";
import { receiptAddress } from "../consent/receipt-code.js";
import { onReceipt } from "../consent/receipt-loader.js";
import { canMakeKeys, makeKey, type PrivateJwk } from "../crypto/keys.js";
import { call, Problem, publishedKeys, serverNow } from "../server/api.js";
import { byId, calm, complain, dropFragment, element, fill, fillContact, fragment, input, onPress, save, saveJson, show } from "../shared/dom.js";
import { qrSvg } from "../shared/qr.js";
import { t } from "../shared/texts.js";
import { day, dayAndTime, days, language, promise, region, watched } from "../shared/words.js";

/** What a link leads to. */
interface Terms {
  waiting: boolean;
  statement: string;
  offer: string;
  log_key: string;
  expires_at: string;
}

/** What the server says to an answer: the way in without a face, where the person did not have it already. */
interface Answered {
  other_way: OtherWay | null;
}

const link = fragment();

/** What the person is asked. */
let asked: { offer: string; record: ConsentRecord; logKey: string } | null = null;
/** A key they had before, or the one made for this answer. */
let key: PrivateJwk | null = null;
/** A receipt that they had before. */
let earlier: Receipt | null = null;
/** What they have to keep. */
let receipt: Receipt | null = null;
let isSaved = true;

async function start(): Promise<void> {
  if (link === "") return over();
  try {
    const terms = await call<Terms>("GET", "/v1/consent", { link });
    if (!terms.waiting) return over();
    const record = await readOffer(terms.offer, await publishedKeys());
    if (terms.statement !== statementFor(record)) throw new Error(t("page.another_statement"));
    asked = { offer: terms.offer, record, logKey: terms.log_key };
    ask(asked.record, terms);
  } catch (error) {
    if (isOver(error)) return over();
    complain("problem", error);
  }
}

const isOver = (error: unknown): boolean => error instanceof Problem && error.code === "link_unknown";

/** Whether the server itself said no: nothing was stored. */
const isRefusal = (error: unknown): boolean => error instanceof Problem && error.status >= 400 && error.status < 500;

/** How long, and why no longer. */
function lasts({ retention_period, ends_at }: RecordedPurpose, until: string): string {
  if (ends_at === undefined) return days(retention_period);
  if (ends_at === until) return t("consent.lasts.purpose");
  return t("consent.lasts.sooner", { days: days(retention_period), day: day(ends_at) });
}

/** Until when the way in without a face stays, where the person said no. */
const stays = ({ retention_period, ends_at }: RecordedPurpose, until: string): string =>
  ends_at === until ? t("consent.stays.purpose") : t("consent.stays.over", { days: days(retention_period) });

function ask(record: ConsentRecord, terms: Terms): void {
  const notice = record.pii_processing.privacy_notice;
  const [purpose] = record.pii_processing.purposes;
  const [controller] = record.party_identification;
  fill({
    controller: controller.party_name,
    purpose: purpose.purpose,
    methods: purpose.processing_methods.slice(1).join(" "),
    until: day(record.valid_until),
    days: lasts(purpose, record.valid_until),
    stays: stays(purpose, record.valid_until),
    backups: days(purpose.backup_retention_period),
    promise: promise(purpose.error_target),
    watched: watched(purpose.liveness),
    recipients: purpose.recipients.length === 0 ? t("consent.recipients.nobody") : purpose.recipients.join(", "),
    jurisdiction: region(record.pii_processing.jurisdiction),
    version: String(notice.version),
    language: language(notice.language),
    statement: terms.statement,
    "link-until": dayAndTime(terms.expires_at),
  });
  fillContact(controller.party_contact);
  const text = byId("text");
  text.lang = notice.language;
  text.dir = "auto";
  text.textContent = notice.text;
  byId("record").textContent = JSON.stringify(record, null, 2);
  show("ask");
}

async function agree(): Promise<void> {
  const box = input("agree");
  if (!box.checked) {
    complain("agree-problem", t("page.tick_first"));
    box.focus();
    return;
  }
  if (asked === null) return;
  if (!(await canMakeKeys())) throw new Error(t("consent.no_key"));
  key ??= await makeKey();
  const { offer, record, logKey } = asked;
  if (receipt?.private_key !== key) {
    const countersignature = await countersign(offer, key, serverNow());
    receipt = toReceipt({ server: location.origin, record, offer, countersignature, key, logKey, earlier });
  }
  await answerYes(receipt);
}

async function answerYes(signed: Receipt): Promise<void> {
  try {
    const body = { countersignature: signed.countersignature };
    const agreed = await call<Answered>("POST", "/v1/consent/countersignature", { link, body });
    showOtherWay("agreed-other", agreed.other_way);
  } catch (error) {
    if (!isRefusal(error)) isSaved = false; // it may have arrived, and be stored: keep the key
    if (error instanceof Problem && error.code === "consent_forged") byId("earlier").setAttribute("open", "");
    if (!isOver(error)) throw error;
    return overUnless(signed);
  }
  showAgreed();
}

function showAgreed(): void {
  isSaved = false;
  dropFragment();
  if (receipt !== null) byId("receipt-code").replaceChildren(qrSvg(receiptAddress(receipt), t("consent.code")));
  show("agreed");
}

/** The link is over, by this very answer perhaps: then its receipt is still to be kept. */
async function overUnless(signed: Receipt | null): Promise<void> {
  if (signed === null || !(await isKnown(signed))) return over();
  byId("agreed-other").replaceChildren(element("p", {}, t("consent.way.lost")));
  showAgreed();
}

/** Whether an earlier try arrived although its answer did not. */
async function isKnown(signed: Receipt): Promise<boolean> {
  try {
    const held = await call<{ receipts: { countersignature: string | null }[] }>("GET", "/v1/me", { as: signed });
    return held.receipts.some((one) => one.countersignature === signed.countersignature);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return false;
    throw error;
  }
}

function over(): void {
  isSaved = true;
  show("over");
}

async function saveReceipt(): Promise<void> {
  if (receipt === null) return;
  const name = `visavis-receipt-${receipt.receipt_id.slice(-6)}.json`;
  saveJson(name, receipt);
  isSaved = true;
  byId("saved").textContent = t("consent.receipt.saved", { name });
}

async function savePdf(): Promise<void> {
  if (receipt === null || asked === null) return;
  const { pii_processing: asks, party_identification, valid_until } = asked.record;
  const [{ purpose }, [controller]] = [asks.purposes[0], party_identification];
  const ending = receipt.receipt_id.slice(-6);
  const name = `visavis-receipt-${ending}.pdf`;
  const { receiptPdf } = await import("../consent/receipt-pdf.js");
  const told = {
    purpose,
    controller: controller.party_name,
    contact: controller.party_contact,
    until: day(valid_until),
    text: asks.privacy_notice.text,
  };
  save(name, await receiptPdf(receipt, told, `visavis-receipt-${ending}.json`));
  isSaved = true;
  byId("saved").textContent = t("consent.receipt.saved", { name });
}

async function decline(): Promise<void> {
  try {
    const declined = await call<Answered>("POST", "/v1/consent/refusal", { link });
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
onPress("save-pdf", "problem", savePdf);
byId("agree").addEventListener("change", () => calm("agree-problem"));
onReceipt({ input: "earlier-file", drop: "earlier-drop", complaints: "problem" }, async (loaded) => {
  if (loaded.subject_id !== asked?.record.pii_principal_id) throw new Error(t("consent.earlier.foreign"));
  earlier = loaded;
  key = loaded.private_key;
  byId("earlier-said").textContent = t("consent.earlier.loaded");
});
addEventListener("beforeunload", (event) => {
  if (!isSaved) event.preventDefault();
});
addEventListener("hashchange", () => location.reload());
void start();
