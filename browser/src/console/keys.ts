/** API keys: which there are, making one, ending one. */

import type { Key } from "../shared/catalogue.js";
import { byId, element, input, ofKind } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { day, dayAndTime } from "../shared/words.js";
import { askFirst } from "./ask-first.js";
import type { Gallery } from "./galleries.js";
import { named, pick, pickGalleries } from "./pick.js";
import type { Scope, Section, Visit } from "./section.js";
import { showOnce } from "./show-once.js";

interface ApiKey {
  id: string;
  name: string;
  scopes: Scope[];
  created_at: string;
  revoked_at: string | null;
  gallery_ids: string[] | null;
  expires_at: string | null;
  last_used_at: string | null;
  secret?: string | null;
}

const SCOPES: readonly Scope[] = [
  "enrol",
  "operate",
  "audit",
  "metrics",
  "backup",
  "export",
  "approve",
  "seal",
  "admin",
];

export const section: Section = {
  async open(visit) {
    const [keys, galleries] = await Promise.all([
      visit.all<ApiKey>("/v1/api-keys"),
      visit.all<Gallery>("/v1/galleries"),
    ]);
    addForm(visit, galleries);
    list(visit, keys, galleries);
  },
};

const isLive = ({ revoked_at, expires_at }: ApiKey): boolean =>
  revoked_at === null && (expires_at === null || Date.parse(expires_at) > Date.now());

function list(visit: Visit, keys: readonly ApiKey[], galleries: readonly Gallery[]): void {
  const live = keys.filter(isLive);
  const ended = keys.filter((key) => !isLive(key));
  byId("keys").replaceChildren(...live.map((key) => item(visit, key, galleries)));
  byId("keys-none").hidden = live.length > 0;
  byId("keys-ended").hidden = ended.length === 0;
  byId("keys-over").replaceChildren(...ended.map((key) => item(visit, key, galleries)));
}

function addForm(visit: Visit, galleries: readonly Gallery[]): void {
  const form = ofKind(HTMLFormElement, "key-form");
  let picks = freshPicks(galleries);
  visit.onSend(form, async () => {
    const scopes = picks.scopes();
    if (scopes.length === 0) throw new Error(t("console.key.no_scope"));
    const days = input("key-days").value.trim();
    const body = {
      name: input("key-name").value.trim(),
      scopes,
      gallery_ids: picks.galleries(),
      expires_in_days: days === "" ? null : Number(days),
    };
    const made = await visit.ask<ApiKey>("POST", "/v1/api-keys", { body });
    form.reset();
    picks = freshPicks(galleries);
    byId("key-add").removeAttribute("open");
    list(visit, await visit.all<ApiKey>("/v1/api-keys"), galleries);
    if (made.secret)
      showOnce(
        byId("key-secret"),
        t("console.key.secret", { name: made.name }),
        t("console.key.secret.says"),
        made.secret,
      );
  });
}

/** Boxes of the form, none of them ticked but "all galleries". */
function freshPicks(galleries: readonly Gallery[]): { scopes: () => string[]; galleries: () => string[] | null } {
  const options = SCOPES.map((scope) => ({ value: scope, text: scope, says: t(`console.scope.${scope}`) }));
  const scopes = pick(t("console.key.scopes"), options, []);
  const some = pickGalleries(galleries, null);
  byId("key-picks").replaceChildren(scopes.group, some.group);
  return { scopes: scopes.picked, galleries: some.picked };
}

function item(visit: Visit, key: ApiKey, galleries: readonly Gallery[]): HTMLLIElement {
  const times = [t("console.key.made", { day: day(key.created_at) })];
  times.push(
    key.last_used_at === null ? t("console.key.unused") : t("console.key.used", { time: dayAndTime(key.last_used_at) }),
  );
  if (key.revoked_at !== null) times.push(t("console.key.revoked", { day: day(key.revoked_at) }));
  else if (key.expires_at !== null)
    times.push(t((isLive(key) ? "console.key.until" : "console.key.over") as Key, { day: day(key.expires_at) }));
  const whole = element("li", {}, element("p", {}, element("b", {}, key.name)));
  whole.append(
    element(
      "p",
      {},
      key.scopes.join(", "),
      element("span", { class: "soft" }, ` · ${named(key.gallery_ids, galleries)}`),
    ),
    element("p", { class: "soft" }, times.join(" ")),
  );
  if (!isLive(key)) return whole;
  const text = t("console.key.end");
  const end = async (): Promise<void> => {
    const question = {
      title: t("console.key.end.ask", { name: key.name }),
      says: [t("console.key.end.says")],
      yes: text,
      grave: true,
    };
    if (!(await askFirst(question, visit.signal))) return;
    await visit.ask("DELETE", `/v1/api-keys/${key.id}`);
    visit.again();
  };
  whole.append(
    element("div", { class: "note bad", role: "alert" }),
    element(
      "div",
      { class: "actions" },
      visit.button(text, end, { "aria-label": `${text}: ${key.name}`, class: "grave" }),
    ),
  );
  return whole;
}
