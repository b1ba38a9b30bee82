/** A visit: some minutes with one's data after face and PIN at a station, with a key that is in this page only. */

import type { Receipt } from "../consent/receipt.js";
import { canMakeKeys, makeKey } from "../crypto/keys.js";
import { call, serverNow } from "../server/api.js";
import { byId, fill, onPress, show } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock } from "../shared/words.js";
import { asTheServerHasIt } from "./code.js";

const LINK = /^visit=([A-Za-z0-9_-]{16,64})$/;
/** At a station somebody else comes next: how long the page may be left alone there, in milliseconds. */
const LEFT_ALONE = 90_000;
/** How long somebody may read there that everything is gone. */
const GONE_STAYS = 20_000;

interface Begun {
  visit_id: string;
  subject_id: string;
  expires_at: string;
}

/** The secret of such a link; null where the address has none. */
export const visitLink = (fragment: string): string | null => LINK.exec(fragment)?.[1] ?? null;

/** Whether this page was opened on the station itself; asked at once, since the used link leaves the address whole. */
export const isAtStation = new URLSearchParams(location.search).has("here");

let current: Receipt | null = null;
let until = 0;

/**
 * Open the link. @returns what stands in the place of a receipt: it signs, and goes with the page
 * @throws {Problem} the link is over @throws {Error} this browser makes no keys
 */
export async function beginVisit(link: string): Promise<Receipt> {
  if (!(await canMakeKeys())) throw new Error(t("consent.no_key"));
  const key = await makeKey();
  const { visit_id, subject_id, expires_at } = await call<Begun>("POST", "/v1/visits", {
    link,
    body: { public_key: key.x },
  });
  const begun: Receipt = {
    visavis_receipt: 1,
    server: location.origin,
    subject_id,
    receipt_id: "",
    offer: "",
    countersignature: "",
    private_key: key,
    visit_id,
  };
  current = await asTheServerHasIt(begun);
  until = Date.parse(expires_at);
  fill({ "visit-until": clock(expires_at) });
  byId("visit").hidden = false;
  endInTime();
  return current;
}

function endInTime(): void {
  let touched = Date.now();
  for (const kind of ["pointerdown", "keydown", "scroll"]) addEventListener(kind, () => (touched = Date.now()));
  setInterval(() => {
    const alone = isAtStation && Date.now() - touched > LEFT_ALONE;
    if (alone || serverNow().getTime() >= until) void endVisit();
  }, 1_000);
  addEventListener("pagehide", () => void endVisit());
}

/** Nothing of the person stays: neither on the server nor in this page. */
export async function endVisit(): Promise<void> {
  const ended = current;
  current = null;
  if (ended === null) return;
  if (byId("gone").hidden) show("visit-over");
  byId("visit").hidden = true;
  byId("held").replaceChildren();
  await call<null>("POST", "/v1/visits/end", { as: ended }).catch(() => null);
  if (isAtStation) location.replace("/station");
}

/** They withdrew: nothing is left to end, and at a station the next person comes. */
export function visitIsGone(): void {
  current = null;
  byId("visit").hidden = true;
  if (isAtStation) setTimeout(() => location.replace("/station"), GONE_STAYS);
}

for (const link of ["to-station", "gone-to-station"]) byId(link).hidden = !isAtStation;
onPress("end-visit", "problem", endVisit);
