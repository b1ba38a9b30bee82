/** Who may log in here, as what, and for which galleries. */

import type { Key } from "../shared/catalogue.js";
import { byId, element, input, ofKind } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { day, dayAndTime } from "../shared/words.js";
import { askFirst } from "./ask-first.js";
import type { Gallery } from "./galleries.js";
import { named, pick, pickGalleries } from "./pick.js";
import type { Role, Section, Visit } from "./section.js";
import { showOnce } from "./show-once.js";

interface Account {
  id: string;
  name: string;
  roles: Role[];
  gallery_ids: string[] | null;
  state: string;
  by_provider: boolean;
  created_at: string;
  disabled_at: string | null;
  setup_until: string | null;
  setup_link?: string | null;
}

interface Ended {
  api_keys: { id: string; name: string; scopes: string[] }[] | null;
}

const ROLES: readonly Role[] = ["admin", "operator", "auditor", "custodian", "caseworker"];

const roleOptions = () =>
  ROLES.map((role) => ({ value: role, text: t(`console.role.${role}`), says: t(`console.role.${role}.says`) }));

export const section: Section = {
  async open(visit) {
    const [accounts, galleries] = await Promise.all([
      visit.all<Account>("/v1/accounts"),
      visit.all<Gallery>("/v1/galleries"),
    ]);
    addForm(visit, galleries);
    list(visit, accounts, galleries);
  },
};

function list(visit: Visit, accounts: readonly Account[], galleries: readonly Gallery[]): void {
  byId("accounts").replaceChildren(...accounts.map((account) => item(visit, account, galleries)));
}

/** What the list is now, without closing what is shown once. */
async function relist(visit: Visit, galleries: readonly Gallery[]): Promise<void> {
  list(visit, await visit.all<Account>("/v1/accounts"), galleries);
}

function addForm(visit: Visit, galleries: readonly Gallery[]): void {
  const form = ofKind(HTMLFormElement, "account-form");
  let picks = freshPicks(galleries);
  visit.onSend(form, async () => {
    const body = {
      name: input("account-name").value.trim().toLowerCase(),
      roles: needed(picks.roles()),
      gallery_ids: picks.galleries(),
    };
    const made = await visit.ask<Account>("POST", "/v1/accounts", { body });
    form.reset();
    picks = freshPicks(galleries);
    byId("account-add").removeAttribute("open");
    await relist(visit, galleries);
    showLink(made);
  });
}

/** Boxes of the form, none of them ticked but "all galleries". */
function freshPicks(galleries: readonly Gallery[]): { roles: () => string[]; galleries: () => string[] | null } {
  const roles = pick(t("console.account.roles"), roleOptions(), []);
  const some = pickGalleries(galleries, null);
  byId("account-picks").replaceChildren(roles.group, some.group);
  return { roles: roles.picked, galleries: some.picked };
}

/** At least one. @throws {Error} in words for the person */
function needed(roles: string[]): string[] {
  if (roles.length === 0) throw new Error(t("console.account.no_role"));
  return roles;
}

function showLink({ name, setup_link, setup_until }: Account): void {
  if (!setup_link || setup_until === null) return;
  showOnce(
    byId("account-link"),
    t("console.account.link", { name }),
    t("console.account.link.says", { time: dayAndTime(setup_until) }),
    setup_link,
  );
}

/** Which API keys go on working that were made with an account; the focus goes to the heading, if there are any. */
function showKeys(name: string, keys: Ended["api_keys"]): void {
  const place = byId("account-link");
  place.replaceChildren();
  if (keys?.length === 0) return;
  const heading = element("h2", { tabindex: "-1" }, t("console.account.keys", { name }));
  const said = element("p", {}, t(keys === null ? "console.account.keys.unknown" : "console.account.keys.says"));
  const lines = (keys ?? []).map((key) =>
    element("li", {}, element("b", {}, key.name), ` ${key.scopes.join(", ")} `, element("code", {}, key.id)),
  );
  const link = element("a", { href: "#/keys" }, t("console.account.keys.go"));
  place.append(element("div", { class: "note" }, heading, said, element("ul", {}, ...lines), element("p", {}, link)));
  heading.focus();
}

function item(visit: Visit, account: Account, galleries: readonly Gallery[]): HTMLLIElement {
  const roles = account.roles.map((role) => t(`console.role.${role}`)).join(", ");
  const isMe = account.id === visit.me.account_id;
  const begun = account.disabled_at ?? account.created_at;
  const isShut = account.by_provider && account.disabled_at !== null;
  const state = t(isShut ? "console.account.shut" : (`console.account.state.${account.state}` as Key), { day: day(begun) });
  const whole = element(
    "li",
    {},
    element("p", {}, element("b", {}, account.name), isMe ? ` ${t("console.account.me")}` : ""),
  );
  const source = account.by_provider ? ` ${t("console.account.provider")}` : "";
  whole.append(
    element("p", {}, roles, element("span", { class: "soft" }, ` · ${named(account.gallery_ids, galleries)}`)),
    element("p", { class: "soft" }, state + source),
  );
  whole.append(element("div", { class: "note bad", role: "alert" }));
  if (!account.by_provider) whole.append(change(visit, account, galleries));
  whole.append(acts(visit, account, isMe, galleries));
  return whole;
}

function change(visit: Visit, account: Account, galleries: readonly Gallery[]): HTMLElement {
  const roles = pick(t("console.account.roles"), roleOptions(), account.roles);
  const some = pickGalleries(galleries, account.gallery_ids);
  const save = element(
    "button",
    { type: "submit", "aria-label": `${t("console.account.save")}: ${account.name}` },
    t("console.account.save"),
  );
  const form = element("form", {}, roles.group, some.group, element("div", { class: "actions" }, save));
  visit.onSend(form, async () => {
    await visit.ask("PUT", `/v1/accounts/${account.id}/roles`, {
      body: { roles: needed(roles.picked()), gallery_ids: some.picked() },
    });
    visit.again();
  });
  const summary = element(
    "summary",
    {},
    t("console.account.change"),
    element("span", { class: "unseen" }, `: ${account.name}`),
  );
  return element("details", {}, summary, form);
}

function acts(visit: Visit, account: Account, isMe: boolean, galleries: readonly Gallery[]): HTMLElement {
  const buttons = element("div", { class: "actions" });
  const { name } = account;
  const button = (text: string, doing: () => Promise<void>, kind = ""): void =>
    buttons.append(
      visit.button(text, doing, { "aria-label": `${text}: ${name}`, ...(kind === "" ? {} : { class: kind }) }),
    );
  if (account.by_provider && account.disabled_at !== null) {
    button(t("console.account.reopen"), async () => {
      await visit.ask("POST", `/v1/accounts/${account.id}/reset`);
      visit.again();
    });
  }
  if (!account.by_provider) {
    button(t("console.account.reset"), async () => {
      const question = {
        title: t("console.account.reset.ask", { name }),
        says: [t("console.account.reset.says")],
        yes: t("console.account.reset"),
      };
      if (!(await askFirst(question, visit.signal))) return;
      const made = await visit.ask<Account>("POST", `/v1/accounts/${account.id}/reset`);
      await relist(visit, galleries);
      showLink(made);
    });
  }
  if (account.disabled_at === null) {
    button(
      t("console.account.end"),
      async () => {
        const end = account.by_provider ? "console.account.end.provider" : "console.account.end.says";
        const says = [t(end), ...(isMe ? [t("console.account.end.me")] : [])];
        if (
          !(await askFirst(
            { title: t("console.account.end.ask", { name }), says, yes: t("console.account.end"), grave: true },
            visit.signal,
          ))
        )
          return;
        const ended = await visit.ask<Ended>("DELETE", `/v1/accounts/${account.id}`);
        if (isMe) return visit.again();
        await relist(visit, galleries);
        showKeys(name, ended.api_keys);
      },
      "grave",
    );
  }
  return buttons;
}
