/** What stands at the stations: opening one again, pairing a tablet. */

import type { Key } from "../shared/catalogue.js";
import { byId, element } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock, day } from "../shared/words.js";
import type { Section, Visit } from "./section.js";

export interface Station {
  id: string;
  name: string;
  gallery_id: string | null;
  locked: boolean;
  attended: boolean;
  retired_at: string | null;
  drift: string | null;
  attested_until: string | null;
}

export const section: Section = {
  async open(visit) {
    const used = (await visit.all<Station>("/v1/stations")).filter((station) => station.retired_at === null);
    byId("no-stations").hidden = used.length > 0;
    byId("stations").replaceChildren(...used.map((station) => stationItem(visit, station)));
  },
};

function stationItem(visit: Visit, station: Station): HTMLLIElement {
  const state = t(station.locked ? "console.station.locked" : "console.station.open");
  const watched = t(station.attended ? "console.station.attended" : "console.station.alone");
  const drift = station.drift === null ? "" : ` ${t(`console.drift.${station.drift}` as Key)}`;
  const until = station.attested_until;
  const attested = until === null ? "" : ` ${t("console.station.vouched", { time: day(until) })}`;
  const buttons = element("div", { class: "actions" });
  const act = (what: string, doing: () => Promise<void>): void =>
    buttons.append(visit.button(what, doing, { "aria-label": `${what}: ${station.name}` }));
  if (station.locked && visit.may("operate")) act(t("console.station.reopen"), () => reopen(visit, station));
  if (visit.may("admin")) act(t("console.station.pair"), () => pair(visit, station));
  const item = element("li", {}, element("p", {}, element("b", {}, station.name)));
  item.append(element("p", {}, `${state} ${watched}${attested}${drift}`));
  if (buttons.childElementCount > 0) item.append(buttons);
  return item;
}

async function reopen(visit: Visit, station: Station): Promise<void> {
  await visit.ask("POST", `/v1/stations/${station.id}/reopening`);
  visit.again();
}

async function pair(visit: Visit, station: Station): Promise<void> {
  const { code, expires_at } = await visit.ask<{ code: string; expires_at: string }>(
    "POST",
    `/v1/stations/${station.id}/pairing`,
  );
  byId("paired").replaceChildren(
    t("console.station.code", { name: station.name, time: clock(expires_at) }),
    element("output", { class: "pin", dir: "ltr" }, code),
  );
}
