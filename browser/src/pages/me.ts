/** The person's own page: what is held, taking it along, withdrawing, and a check on their own device. */

import type { ConsentRecord, Receipt } from "../consent/receipt.js";
import { isReceiptCode } from "../consent/receipt-code.js";
import { onReceipt } from "../consent/receipt-loader.js";
import { guardianDay } from "../consent/terms.js";
import { partsOf } from "../crypto/jws.js";
import { showLog } from "../log/who-looked.js";
import { fragmentIn, onScan, withCode } from "../me/code.js";
import { openCheck } from "../me/check.js";
import { askToGoOn, onRenewal } from "../me/renewal.js";
import { beginVisit, isAtStation, visitIsGone, visitLink } from "../me/visit.js";
import { call, fetched, Problem } from "../server/api.js";
import {
  byId,
  calm,
  complain,
  dropFragment,
  element,
  fill,
  fillContact,
  fragment,
  ofKind,
  onPress,
  save,
  show,
} from "../shared/dom.js";
import { t } from "../shared/texts.js";
import {
  day,
  dayAndTime,
  kindInWords,
  meansInWords,
  outcomeInWords,
  readingInWords,
  reasonInWords,
  stateInWords,
} from "../shared/words.js";

interface Decision {
  outcome: string;
  reason: string | null;
  means: string;
  kind: string;
  decided_at: string;
}

interface Reading {
  read_at: string;
  key_name: string | null;
  kind: string;
  reason: string | null;
}

interface Agreement {
  receipt_id: string;
  offer: string;
  countersignature: string | null;
  expires_at: string;
}

/** What is held about the person. */
interface Held {
  subject_id: string;
  state: string;
  external_reference: string;
  purpose: string;
  controller: string;
  contact: string;
  gallery: string;
  created_at: string;
  other_way: boolean;
  model_id: string;
  references: string[];
  new_photos_offered: boolean;
  receipts: Agreement[];
  /** Which of them end soon. */
  renewable: string[];
  decisions: Decision[];
  readings: Reading[];
}

const linkSecret = /^session=(.+)$/.exec(fragment())?.[1] ?? null;
const sure = ofKind(HTMLDialogElement, "sure");

let receipt: Receipt | null = null;
let held: Held | null = null;

const owner = (): Receipt => {
  if (receipt === null) throw new Error(t("me.load.first"));
  return receipt;
};

async function begin(loaded: Receipt): Promise<void> {
  receipt = loaded;
  byId("loading").textContent = t("me.loading");
  try {
    await (linkSecret === null ? showHeld() : openCheck(linkSecret, owner()));
  } catch (error) {
    if (error instanceof Problem && error.code === "signature_refused") error.mendBy(t("me.not_known"));
    throw error;
  } finally {
    byId("loading").textContent = "";
  }
}

async function showHeld(): Promise<void> {
  held = await call<Held>("GET", "/v1/me", { as: owner() });
  fill({
    state: stateInWords(held.state),
    name: held.external_reference,
    purpose: held.purpose,
    controller: held.controller,
    gallery: held.gallery,
    since: day(held.created_at),
    "other-way": held.other_way ? t("me.now.way.some") : t("me.now.way.none"),
    model: held.model_id,
  });
  fillContact(held.contact);
  list("references", held.references.map((made) => [t("me.templates.made", { day: day(made) })]));
  byId("no-references").hidden = held.references.length > 0;
  byId("new-photos").hidden = !held.new_photos_offered;
  const isVisit = owner().visit_id !== undefined;
  const renewable = isVisit ? [] : held.renewable;
  list("receipts", held.receipts.map((one) => agreement(one, renewable.includes(one.receipt_id))));
  byId("visit-renew").hidden = !isVisit || held.renewable.length === 0;
  byId("keep-checked").hidden = isVisit;
  // A file that is saved on a station's tablet stays there.
  byId("download").hidden = byId("download-says").hidden = isVisit && isAtStation;
  byId("download-elsewhere").hidden = !(isVisit && isAtStation);
  table("decisions", held.decisions.map(decisionCells));
  table("readings", held.readings.map(readingCells));
  show("held");
  void showLog(owner());
}

/** Who agreed for the person, where it was not they themselves. */
function guardian({ offer, countersignature }: Agreement): (Node | string)[] {
  const until = guardianDay(partsOf<ConsentRecord>(offer).payload);
  return until === null || countersignature === null ? [] : [element("br", {}), t("consent.guardian.until", { day: until })];
}

function agreement(one: Agreement, endsSoon: boolean): (Node | string)[] {
  const until =
    one.countersignature === null ? t("me.agreements.waiting") : t("me.agreements.until", { day: day(one.expires_at) });
  const said = [until, ...guardian(one), element("br", {}), element("small", {}, element("code", {}, one.receipt_id))];
  return endsSoon ? [...said, renewing(one.receipt_id, day(one.expires_at))] : said;
}

/** The press with which somebody asks to go on. */
function renewing(receiptId: string, until: string): HTMLElement {
  const button = element("button", { type: "button", id: `renew-${receiptId}` }, t("me.renew.press", { day: until }));
  button.addEventListener("click", async () => {
    calm("problem");
    await askToGoOn(owner(), receiptId).catch((error: unknown) => {
      complain("problem", error);
      byId("problem").scrollIntoView({ block: "nearest" });
    });
  });
  return element("div", { class: "actions" }, button);
}

function list(id: string, items: (Node | string)[][]): void {
  byId(id).replaceChildren(...items.map((words) => element("li", {}, ...words)));
}

/** Fill a table, or say that there is nothing to be in it. */
function table(id: string, rows: string[][]): void {
  const cells = (texts: string[]): HTMLElement[] => texts.map((text) => element("td", {}, text));
  byId(id).replaceChildren(...rows.map((texts) => element("tr", {}, ...cells(texts))));
  byId(`no-${id}`).hidden = rows.length > 0;
  byId(`${id}-scroll`).hidden = rows.length === 0;
}

function decisionCells(decision: Decision): string[] {
  const result = outcomeInWords(decision.outcome) + (decision.reason ? ` (${reasonInWords(decision.reason)})` : "");
  const means =
    decision.means === "face" ? t("me.decisions.face", { kind: kindInWords(decision.kind) }) : meansInWords(decision.means);
  return [dayAndTime(decision.decided_at), result, means];
}

const readingCells = (reading: Reading): string[] => [
  dayAndTime(reading.read_at),
  reading.kind === "own" ? t("words.own.by") : (reading.key_name ?? t("me.readings.unknown")),
  readingInWords(reading.kind),
  reading.kind === "own" ? t("log.at", { station: reading.reason ?? "" }) : (reading.reason ?? t("me.readings.changed")),
];

async function download(): Promise<void> {
  const name = `visavis-about-${owner().subject_id.slice(-6)}.zip`;
  save(name, await fetched("/v1/me/archive", { as: owner() }));
  byId("downloaded").textContent = t("me.download.saved", { name });
}

async function withdraw(): Promise<void> {
  await call<null>("POST", "/v1/me/withdrawal", { as: owner() });
  fill({ checked: await stillKnown() });
  sure.close();
  receipt = held = null;
  visitIsGone();
  show("gone");
  byId("held").replaceChildren();
}

/** Ask again with the same key: the server must not know it any more. */
async function stillKnown(): Promise<string> {
  try {
    await call<Held>("GET", "/v1/me", { as: owner() });
    return t("me.gone.still");
  } catch (error) {
    return error instanceof Problem && error.status === 401 ? t("me.gone.checked") : t("me.gone.later");
  }
}

const picture = async (file: File): Promise<void> => withCode(await fragmentIn(file), begin);
onReceipt({ input: "file", drop: "drop", complaints: "problem", picture }, begin);
onScan((code) => withCode(code, begin));
onRenewal(async (renewed) => {
  receipt = renewed ?? receipt;
  await showHeld();
});
onPress("download", "problem", download);
onPress("withdraw", "problem", async () => {
  calm("sure-problem");
  sure.showModal();
});
onPress("keep", "sure-problem", async () => sure.close());
onPress("really", "sure-problem", withdraw);
onPress("see-held", "problem", showHeld);
addEventListener("hashchange", () => location.reload());

async function beginWithCode(): Promise<void> {
  const code = fragment();
  dropFragment();
  await withCode(code, begin);
}

async function visit(link: string): Promise<void> {
  dropFragment();
  byId("load").hidden = true;
  show("visit-begins");
  try {
    receipt = await beginVisit(link);
    await showHeld();
  } catch (error) {
    show("visit-over");
    complain("problem", error);
  }
}

const toVisit = visitLink(fragment());
if (toVisit !== null) void visit(toVisit);
if (isReceiptCode(fragment())) void beginWithCode();
if (linkSecret !== null) {
  byId("load-title").textContent = t("me.load.session");
  byId("load-lead").textContent = t("me.load.session.lead");
}
