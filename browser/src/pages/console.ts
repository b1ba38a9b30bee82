/** The console: setting an account up, logging in, and the frame around its sections (`console/`). */

import { Frame, tellEnd } from "../console/frame.js";
import { comeBack, login, offerLogin, onForm, setUp, whoIsLoggedIn } from "../console/login.js";
import { call, Problem } from "../server/api.js";
import { worded } from "../server/problem.js";
import { byId, complain, dropFragment, fragment, onPress, paragraph } from "../shared/dom.js";
import { t } from "../shared/texts.js";

const SET_UP = /^set-up=(.+)$/;
const REFUSED = /^refused=([a-z_]+)$/;

const frame = new Frame((problem) => {
  // The address stays: whoever logs in again is back where they were.
  void offerLogin().then(() => tellEnd(problem));
});

async function start(): Promise<void> {
  const link = SET_UP.exec(fragment())?.[1];
  if (link !== undefined) return setUp(link);
  const refused = REFUSED.exec(fragment())?.[1];
  if (refused !== undefined) {
    dropFragment();
    const why = worded(refused, "mend", t("console.refused"), "operator");
    if (why !== null) byId("problem").replaceChildren(paragraph(why));
    return offerLogin();
  }
  try {
    const me = await whoIsLoggedIn();
    comeBack();
    await frame.start(me);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return offerLogin();
    complain("problem", error);
  }
}

onForm("login-form", async () => frame.start(await login()));
onPress("logout", "problem", async () => {
  await call("POST", "/v1/console/logout", { session: true });
  frame.stop();
  dropFragment();
  await offerLogin();
});
addEventListener("hashchange", () => {
  if (SET_UP.test(fragment())) location.reload();
  else void frame.route();
});
void start();
