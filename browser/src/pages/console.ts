/** The console: setting an account up, logging in, and what stands at the stations and galleries. */

import { call, Problem } from "../server/api.js";
import {
  byId,
  calm,
  complain,
  dropFragment,
  element,
  fill,
  fragment,
  input,
  ofKind,
  onPress,
  paragraph,
  show,
} from "../shared/dom.js";
import { worded } from "../server/problem.js";
import type { Key } from "../shared/catalogue.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/words.js";

interface Me {
  name: string;
  roles: string[];
  scopes: string[];
  ends_at: string;
}

interface Station {
  id: string;
  name: string;
  locked: boolean;
  attended: boolean;
  retired_at: string | null;
  drift: string | null;
}

interface Gallery {
  id: string;
  name: string;
}

const SET_UP = /^set-up=(.+)$/;
const REFUSED = /^refused=([a-z_]+)$/;
/** Doors of stations and galleries open to one of these. */
const SEES = ["admin", "operate", "audit"];

let me: Me | null = null;

async function start(): Promise<void> {
  const link = SET_UP.exec(fragment())?.[1];
  if (link !== undefined) return setUp(link);
  const refused = REFUSED.exec(fragment())?.[1];
  if (refused !== undefined) {
    dropFragment();
    const why = worded(refused, "mend", t("console.refused"));
    if (why !== null) byId("problem").replaceChildren(paragraph(why));
    return offerLogin();
  }
  try {
    await home(await call<Me>("GET", "/v1/console/me", { session: true }));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return offerLogin();
    complain("problem", error);
  }
}

async function offerLogin(): Promise<void> {
  show("login");
  input("name").focus();
  try {
    const { provider } = await call<{ provider: boolean }>("GET", "/v1/console/ways");
    byId("provider").hidden = !provider;
  } catch (error) {
    complain("problem", error);
  }
}

async function login(): Promise<void> {
  const body = { name: input("name").value.trim().toLowerCase(), password: input("password").value, code: input("code").value.trim() };
  input("password").value = input("code").value = "";
  await home(await call<Me>("POST", "/v1/console/login", { session: true, body }));
}

async function home(found: Me): Promise<void> {
  me = found;
  const roles = found.roles.map((role) => t(`console.role.${role}` as Key)).join(", ");
  byId("who").textContent = t("console.who", { name: found.name, roles, time: clock(found.ends_at) });
  show("home");
  if (!SEES.some((scope) => found.scopes.includes(scope))) return;
  const [stations, galleries] = await Promise.all([
    call<{ items: Station[] }>("GET", "/v1/stations", { session: true }),
    call<{ items: Gallery[] }>("GET", "/v1/galleries", { session: true }),
  ]);
  const used = stations.items.filter((station) => station.retired_at === null);
  byId("no-stations").hidden = used.length > 0;
  byId("stations").replaceChildren(...used.map(stationItem));
  byId("no-galleries").hidden = galleries.items.length > 0;
  byId("galleries").replaceChildren(
    ...galleries.items.map(({ id, name }) => element("li", {}, element("b", {}, name), " ", element("code", {}, id))),
  );
}

function stationItem(station: Station): HTMLLIElement {
  const state = t(station.locked ? "console.station.locked" : "console.station.open");
  const watched = t(station.attended ? "console.station.attended" : "console.station.alone");
  const drift = station.drift === null ? "" : ` ${t(`console.drift.${station.drift}` as Key)}`;
  const buttons = element("div", { class: "actions" });
  if (station.locked && me?.scopes.includes("operate")) buttons.append(act(t("console.station.reopen"), station, reopen));
  if (me?.scopes.includes("admin")) buttons.append(act(t("console.station.pair"), station, pair));
  return element("li", {}, element("p", {}, element("b", {}, station.name)), element("p", {}, `${state} ${watched}${drift}`), buttons);
}

function act(what: string, station: Station, doing: (station: Station) => Promise<void>): HTMLButtonElement {
  const button = element("button", { type: "button", "aria-label": `${what}: ${station.name}` }, what);
  button.addEventListener("click", () => void tried(() => doing(station)));
  return button;
}

async function reopen(station: Station): Promise<void> {
  await call("POST", `/v1/stations/${station.id}/reopening`, { session: true });
  if (me !== null) await home(me);
}

async function pair(station: Station): Promise<void> {
  const { code, expires_at } = await call<{ code: string; expires_at: string }>(
    "POST",
    `/v1/stations/${station.id}/pairing`,
    { session: true },
  );
  byId("paired").replaceChildren(
    t("console.station.code", { name: station.name, time: clock(expires_at) }),
    element("output", { class: "pin", dir: "ltr" }, code),
  );
}

async function setUp(link: string): Promise<void> {
  try {
    const { name } = await call<{ name: string }>("GET", "/v1/console/set-up", { link });
    fill({ name });
    input("set-up-name").value = name;
    show("set-up");
  } catch (error) {
    complain("problem", error);
    return offerLogin();
  }
  onForm("choose-form", async () => {
    const body = { password: input("chosen").value };
    const { otpauth, qr } = await call<{ otpauth: string; qr: string }>("POST", "/v1/console/set-up", { link, body });
    ofKind(HTMLImageElement, "app-qr").src = qr;
    byId("app-uri").textContent = otpauth;
    byId("choose-form").hidden = true;
    byId("confirm-form").hidden = false;
    input("app-code").focus();
  });
  onForm("confirm-form", async () => {
    const body = { code: input("app-code").value.trim() };
    await call("POST", "/v1/console/set-up/confirmation", { link, body });
    dropFragment();
    byId("app-uri").textContent = "";
    ofKind(HTMLImageElement, "app-qr").removeAttribute("src");
    await offerLogin();
    input("name").value = input("set-up-name").value;
  });
}

/** Do something; what stops it is said at the top, and who is not logged in any more is asked to. */
async function tried(doing: () => Promise<void>): Promise<void> {
  calm("problem");
  try {
    await doing();
  } catch (error) {
    complain("problem", error);
    if (me !== null && error instanceof Problem && error.status === 401) {
      me = null;
      await offerLogin();
    }
  }
}

function onForm(id: string, doing: () => Promise<void>): void {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    void tried(doing);
  });
}

onForm("login-form", login);
onPress("logout", "problem", async () => {
  await call("POST", "/v1/console/logout", { session: true });
  me = null;
  await offerLogin();
});
addEventListener("hashchange", () => location.reload());
void start();
