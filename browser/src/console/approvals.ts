/**
 * What waits for custodians. A custodian's words never come into a browser: the request is saved as a file, signed where
 * their share is, and the signature is handed in here.
 */

import { byId, element, save } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { dayAndTime } from "../shared/words.js";
import type { Gallery } from "./galleries.js";
import { code, fact } from "./people.js";
import type { Section, Visit } from "./section.js";

interface Export {
  id: string;
  gallery_id: string;
  /** What custodians sign, byte by byte. */
  document: string;
  approvals: { number: number | null; name: string | null }[];
  needed: number;
  made_at: string;
  expires_at: string;
}

/** What a request says. */
interface Asked {
  recipient: string;
  reason: string;
  asked_by: string;
  installation: string;
}

interface Keys {
  mode: "keyfile" | "quorum";
  custodians: number;
  custodians_needed: number;
}

const SIGNED = { key: /^[A-Za-z0-9_-]{43}$/, signature: /^[A-Za-z0-9_-]{86}$/ };
/** No approval is longer. */
const LONGEST = 4096;

export const section: Section = {
  async open(visit) {
    const isAsked = visit.may("approve", "export");
    byId("approvals-exports").hidden = !isAsked;
    if (isAsked) await showExports(visit);
    if (visit.may("admin", "audit")) await showKeys(visit);
  },
};

async function showExports(visit: Visit): Promise<void> {
  const waiting = await visit.all<Export>("/v1/exports");
  // Custodians see no galleries; who may sees their names.
  const galleries = visit.may("admin", "operate", "audit") ? await visit.all<Gallery>("/v1/galleries") : [];
  const names = new Map(galleries.map(({ id, name }) => [id, name]));
  byId("approvals-none").hidden = waiting.length > 0;
  byId("approvals").replaceChildren(...waiting.map((one) => card(visit, one, names)));
}

async function showKeys(visit: Visit): Promise<void> {
  const { mode, custodians, custodians_needed } = await visit.ask<Keys>("GET", "/v1/keys");
  byId("approvals-keys").hidden = false;
  byId("approvals-mode").textContent =
    mode === "quorum"
      ? t("console.approvals.quorum", { needed: custodians_needed, all: custodians })
      : t("console.approvals.keyfile");
}

function card(visit: Visit, one: Export, names: ReadonlyMap<string, string>): HTMLElement {
  const asked = JSON.parse(one.document) as Asked;
  const name = names.get(one.gallery_id);
  const heading = element("h2", { id: `title-${one.id}` }, t("console.approval", { gallery: name ?? one.gallery_id }));
  const facts = element(
    "dl",
    { class: "facts" },
    fact(t("console.approval.recipient"), code(asked.recipient), element("br", {}), t("console.approval.compare")),
    fact(t("console.approval.reason"), asked.reason),
    fact(t("console.approval.by"), asked.asked_by),
    fact(t("console.approval.gallery"), ...(name === undefined ? [] : [name, " "]), code(one.gallery_id)),
    fact(t("console.approval.server"), code(asked.installation)),
    fact(t("console.approval.made"), dayAndTime(one.made_at)),
    fact(t("console.approval.until"), dayAndTime(one.expires_at)),
    fact(t("console.approval.so_far"), ...progress(one)),
  );
  const alert = element("div", { class: "note bad", role: "alert" });
  const how = element("h3", {}, t("console.approval.how"));
  return element("section", { class: "sheet", "aria-labelledby": heading.id }, heading, facts, how, alert, steps(visit, one));
}

/** How many approved, and who. */
function progress({ approvals, needed }: Export): (Node | string)[] {
  const label = t("console.approval.of", { given: approvals.length, needed });
  const meter = element("progress", { max: String(needed), value: String(approvals.length), "aria-label": label });
  const names = approvals.map(({ name }) => name ?? t("console.approval.former"));
  return [label, " ", meter, ...(names.length > 0 ? [element("br", {}), names.join(", ")] : [])];
}

/** Save, sign elsewhere, hand in. */
function steps(visit: Visit, one: Export): HTMLElement {
  const file = `${one.id}.json`;
  const signed = `${one.id}.approval.json`;
  const keep = visit.button(t("console.approval.save"), async () =>
    save(file, new Blob([one.document], { type: "application/json" })),
  );
  keep.setAttribute("aria-describedby", `title-${one.id}`);
  const picker = element("input", { type: "file", id: `file-${one.id}`, accept: ".json,application/json" });
  const label = element("label", { for: picker.id }, t("console.approval.file"));
  const send = element("button", { type: "submit", class: "main" }, t("console.approval.hand_in"));
  send.setAttribute("aria-describedby", `title-${one.id}`);
  const form = element("form", { novalidate: "" }, label, picker, element("div", { class: "actions" }, send));
  visit.onSend(form, () => handIn(visit, one, picker));
  const command = element("pre", { dir: "ltr" }, `visavis exports sign ${file} ${signed}`);
  return element(
    "ol",
    { class: "steps" },
    element("li", {}, t("console.approval.step.save"), element("div", { class: "actions" }, keep)),
    element("li", {}, t("console.approval.step.sign"), command, element("p", { class: "soft" }, t("console.approval.words"))),
    element("li", {}, t("console.approval.step.hand_in"), form),
  );
}

async function handIn(visit: Visit, one: Export, picker: HTMLInputElement): Promise<void> {
  const body = await approvalIn(picker.files?.[0]);
  if (body === null) {
    picker.focus();
    throw new Error(t("console.approval.wrong"));
  }
  await visit.ask("POST", `/v1/exports/${one.id}/approvals`, { body });
  visit.again();
}

/** What a file of `visavis exports sign` says; null: it is none. */
async function approvalIn(file: File | undefined): Promise<{ key: string; signature: string } | null> {
  if (file === undefined || file.size > LONGEST) return null;
  try {
    const { key, signature } = JSON.parse(await file.text()) as Record<string, unknown>;
    const isOne = SIGNED.key.test(String(key)) && SIGNED.signature.test(String(signature));
    return isOne ? { key: String(key), signature: String(signature) } : null;
  } catch {
    return null;
  }
}
