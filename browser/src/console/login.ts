/** Setting an account up, and logging in. */

import { call } from "../server/api.js";
import { byId, calm, complain, dropFragment, fill, input, ofKind, show } from "../shared/dom.js";
import type { Me } from "./section.js";

/** Where to go on behind a provider, who brings nobody back to what stands after `#`. */
const AT = "visavis-console-at";

byId("provider").addEventListener("click", () => sessionStorage.setItem(AT, location.hash));

/** Go on where somebody was before they went to a provider. */
export function comeBack(): void {
  const at = sessionStorage.getItem(AT);
  sessionStorage.removeItem(AT);
  if (at?.startsWith("#/") && location.hash === "") history.replaceState(null, "", at);
}

/** Ask who it is. */
export async function offerLogin(): Promise<void> {
  show("login");
  input("name").focus();
  try {
    const { provider } = await call<{ provider: boolean }>("GET", "/v1/console/ways");
    byId("provider").hidden = !provider;
  } catch (error) {
    complain("problem", error);
  }
}

/** @throws {Problem} */
export async function login(): Promise<Me> {
  const name = input("name").value.trim().toLowerCase();
  const body = { name, password: input("password").value, code: input("code").value.trim() };
  input("password").value = input("code").value = "";
  return call<Me>("POST", "/v1/console/login", { session: true, body });
}

/** @throws {Problem} nobody is logged in, with status 401 */
export const whoIsLoggedIn = (): Promise<Me> => call<Me>("GET", "/v1/console/me", { session: true });

export async function setUp(link: string): Promise<void> {
  try {
    const { name } = await call<{ name: string }>("GET", "/v1/console/set-up", { link, reader: "operator" });
    fill({ name });
    input("set-up-name").value = name;
    show("set-up");
  } catch (error) {
    complain("problem", error);
    return offerLogin();
  }
  onForm("choose-form", async () => {
    const body = { password: input("chosen").value };
    const { otpauth, qr } = await call<{ otpauth: string; qr: string }>("POST", "/v1/console/set-up", { link, body, reader: "operator" });
    ofKind(HTMLImageElement, "app-qr").src = qr;
    byId("app-uri").textContent = otpauth;
    byId("choose-form").hidden = true;
    byId("confirm-form").hidden = false;
    input("app-code").focus();
  });
  onForm("confirm-form", async () => {
    const body = { code: input("app-code").value.trim() };
    await call("POST", "/v1/console/set-up/confirmation", { link, body, reader: "operator" });
    dropFragment();
    byId("app-uri").textContent = "";
    ofKind(HTMLImageElement, "app-qr").removeAttribute("src");
    await offerLogin();
    input("name").value = input("set-up-name").value;
  });
}

/** Do something when a form is sent; what stops it is said at the top. */
export function onForm(id: string, doing: () => Promise<void>): void {
  byId(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    calm("problem");
    try {
      await doing();
    } catch (error) {
      complain("problem", error);
    }
  });
}
