/** How the server is, as far as its doors tell; `visavis doctor` sees the rest. */

import { call, Problem } from "../server/api.js";
import { byId, element } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { dayAndTime } from "../shared/words.js";
import { alarmed, metricsFor, watched } from "./drift.js";
import { fact, percent } from "./figures.js";
import type { Gallery } from "./galleries.js";
import { type Sample, valueOf, withLabels } from "./metrics-text.js";
import type { Section, Visit } from "./section.js";
import type { Station } from "./stations.js";

/** `good`, or somebody should look. */
interface Finding {
  isGood: boolean;
  name: string;
  says: string;
  /** The section that has more. */
  at?: string;
}

const HOUR_S = 3600;
/** Purges run every minute or so; an hour at most is allowed. */
const PURGE_S = HOUR_S;
const BACKUP_S = 48 * HOUR_S;
const NEARLY_FULL = 0.9;

export const section: Section = {
  async open(visit) {
    const sees = visit.may("admin", "operate", "audit");
    const [alive, ready, pages, samples, stations, galleries] = await Promise.all([
      lives(),
      readies(),
      asOld(visit),
      metricsFor(visit),
      sees ? visit.all<Station>("/v1/stations") : null,
      sees ? visit.all<Gallery>("/v1/galleries") : null,
    ]);
    const findings = [
      alive,
      ready,
      connection(),
      pages,
      ...(stations === null ? [] : atStations(stations)),
      ...(galleries === null ? [] : [fullness(galleries)]),
      ...(samples === null ? [] : [purge(samples), backup(samples)]),
    ];
    const wrong = findings.filter(({ isGood }) => !isGood).length;
    byId("health-said").className = wrong > 0 ? "note warn" : "note";
    byId("health-said").textContent = wrong > 0 ? t("console.health.wrong", { n: wrong }) : t("console.health.good");
    byId("health-findings").replaceChildren(
      ...findings.toSorted((one, other) => Number(one.isGood) - Number(other.isGood)).map(item),
    );
    byId("health-server").hidden = samples === null;
    if (samples !== null) byId("health-facts").replaceChildren(...facts(samples));
  },
};

function item({ isGood, name, says, at }: Finding): HTMLElement {
  const state = element(
    "span",
    { class: isGood ? "state good" : "state look" },
    t(isGood ? "console.health.is.good" : "console.health.is.look"),
  );
  const told = element("p", {}, says);
  if (at !== undefined && !isGood) told.append(" ", element("a", { href: `#/${at}` }, t("console.health.more")));
  return element("li", {}, element("p", {}, state, " ", element("b", {}, name)), told);
}

async function lives(): Promise<Finding> {
  const { status } = await call<{ status: string }>("GET", "/healthz");
  return {
    isGood: status === "ok",
    name: t("console.health.server"),
    says: t(status === "ok" ? "console.health.server.good" : "console.health.server.loading"),
  };
}

async function readies(): Promise<Finding> {
  const name = t("console.health.ready");
  try {
    const { subjects, left_out } = await call<{ subjects: number; left_out: number }>("GET", "/readyz");
    if (left_out > 0) return { isGood: false, name, says: t("console.health.ready.left_out", { n: left_out }) };
    return { isGood: true, name, says: t("console.health.ready.good", { n: subjects }) };
  } catch (error) {
    if (!(error instanceof Problem) || error.code === "unreachable") throw error;
    return { isGood: false, name, says: error.sentences.map(({ text }) => text).join(" ") };
  }
}

function connection(): Finding {
  const isGood = location.protocol === "https:";
  const name = t("console.health.tls");
  if (isGood) return { isGood, name, says: t("console.health.tls.good") };
  return {
    isGood: isSecureContext,
    name,
    says: t(isSecureContext ? "console.health.tls.here" : "console.health.tls.none"),
  };
}

/** Whether these pages are those that the server has now: a tab can be older than the server. */
async function asOld(visit: Visit): Promise<Finding> {
  const page = await (await visit.file(location.pathname + location.search)).text();
  const isGood = /data-pages="([^"]+)"/.exec(page)?.[1] === document.documentElement.dataset["pages"];
  const says = t(isGood ? "console.health.pages.good" : "console.health.pages.old");
  return { isGood, name: t("console.health.pages"), says };
}

function atStations(stations: readonly Station[]): Finding[] {
  const used = stations.filter(({ retired_at }) => retired_at === null);
  const locked = used.filter((station) => station.locked).length;
  const drifting = alarmed(watched(used)).length;
  return [
    {
      isGood: locked === 0,
      name: t("console.stations"),
      says:
        locked > 0 ? t("console.health.locked", { n: locked }) : t("console.health.stations.good", { n: used.length }),
      at: "stations",
    },
    {
      isGood: drifting === 0,
      name: t("console.drift"),
      says: drifting > 0 ? t("console.drift.alarms", { n: drifting }) : t("console.drift.calm"),
      at: "drift",
    },
  ];
}

function fullness(galleries: readonly Gallery[]): Finding {
  const full = galleries.filter(
    ({ references, capacity }) => capacity !== null && references >= NEARLY_FULL * capacity,
  );
  const says =
    full.length > 0
      ? t("console.health.full", { share: percent(NEARLY_FULL), names: full.map(({ name }) => name).join(", ") })
      : t("console.health.room");
  return { isGood: full.length === 0, name: t("console.galleries"), says, at: "rates" };
}

const nowS = (): number => Date.now() / 1000;
const moment = (seconds: number): string => dayAndTime(new Date(seconds * 1000).toISOString());

function purge(samples: readonly Sample[]): Finding {
  const at = valueOf(samples, "visavis_last_purge_timestamp_seconds");
  const name = t("console.health.purge");
  if (at === null) return { isGood: false, name, says: t("console.health.purge.none") };
  return { isGood: nowS() - at < PURGE_S, name, says: t("console.health.purge.at", { time: moment(at) }) };
}

function backup(samples: readonly Sample[]): Finding {
  const at = valueOf(samples, "visavis_last_backup_timestamp_seconds");
  const name = t("console.health.backup");
  if (at === null) return { isGood: false, name, says: t("console.health.backup.none") };
  const isGood = nowS() - at < BACKUP_S;
  return {
    isGood,
    name,
    says: t(isGood ? "console.health.backup.at" : "console.health.backup.old", { time: moment(at) }),
  };
}

function facts(samples: readonly Sample[]): HTMLElement[] {
  const build = withLabels(samples, "visavis_build_info")[0]?.labels ?? {};
  const start = valueOf(samples, "visavis_start_timestamp_seconds");
  return [
    fact(t("console.health.release"), element("code", { dir: "ltr" }, build["version"] ?? "?")),
    fact(t("console.health.model"), element("code", { dir: "ltr" }, build["model"] ?? "?")),
    ...(start === null ? [] : [fact(t("console.health.since"), moment(start))]),
  ];
}
