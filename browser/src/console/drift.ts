/**
 * Whether the scores at the stations are those of the calibration. Counts come from `GET /metrics`, which tells them in
 * steps of ten people: nothing here is about one person, and no door tells more.
 */

import { byId, element } from "../shared/dom.js";
import type { Key } from "../shared/catalogue.js";
import { t } from "../shared/texts.js";
import { dayAndTime, meansInWords, outcomeInWords } from "../shared/words.js";
import type { Series } from "./chart.js";
import { chartOf, tableOf } from "./chart-view.js";
import { count, percent, shortCosine } from "./figures.js";
import { readMetrics, type Sample, sharesOf, valueOf, withLabels } from "./metrics-text.js";
import type { Section, Visit } from "./section.js";
import type { Station } from "./stations.js";

const TAILS = [
  { metric: "visavis_mated_cosine", name: "console.drift.own_line", look: "first" },
  { metric: "visavis_nearest_other_cosine", name: "console.drift.others_line", look: "second" },
] as const;
const STEP = 0.05;
const AIR = 1.15;
const ALARMS = ["own", "others", "both"];

/** What the server counts, of all galleries at once; null for who may not read it. */
export async function metricsFor(visit: Visit): Promise<Sample[] | null> {
  const mayRead = visit.may("metrics") && visit.me.gallery_ids === null;
  return mayRead ? readMetrics(await (await visit.file("/metrics")).text()) : null;
}

/** Stations in use that recognise people of a gallery. */
export const watched = (stations: readonly Station[]): Station[] =>
  stations.filter(({ retired_at, gallery_id }) => retired_at === null && gallery_id !== null);

/** Those whose scores left the calibration. */
export const alarmed = (stations: readonly Station[]): Station[] =>
  stations.filter(({ drift }) => drift !== null && ALARMS.includes(drift));

export const section: Section = {
  async open(visit) {
    const [stations, samples] = await Promise.all([visit.all<Station>("/v1/stations"), metricsFor(visit)]);
    const used = watched(stations);
    const alarms = alarmed(used).length;
    byId("drift-none").hidden = used.length > 0;
    byId("drift-unseen").hidden = samples !== null || used.length === 0;
    const said = byId("drift-said");
    said.hidden = used.length === 0;
    said.className = alarms > 0 ? "note warn" : "note";
    said.textContent = alarms > 0 ? t("console.drift.alarms", { n: alarms }) : t("console.drift.calm");
    const since = samples === null ? null : valueOf(samples, "visavis_start_timestamp_seconds");
    if (since !== null)
      byId("drift-since").textContent = t("console.drift.since", {
        time: dayAndTime(new Date(since * 1000).toISOString()),
      });
    byId("drift-stations").replaceChildren(...used.map((station) => card(station, samples)));
  },
};

function card(station: Station, samples: readonly Sample[] | null): HTMLElement {
  const title = element("h2", { id: `drift-${station.id}` }, station.name);
  const whole = element("section", { class: "sheet", "aria-labelledby": title.id }, title);
  const isAlarm = station.drift !== null && ALARMS.includes(station.drift);
  whole.append(
    element("p", isAlarm ? { class: "note warn" } : {}, t(`console.drift.${station.drift ?? "not_enough"}` as Key)),
  );
  if (isAlarm) whole.append(element("p", {}, t("console.drift.mend")));
  if (samples !== null) whole.append(...pictures(station, samples), decisions(station, samples));
  return whole;
}

function pictures(station: Station, samples: readonly Sample[]): HTMLElement[] {
  const shares = TAILS.map((tail) => ({ ...tail, steps: sharesOf(samples, tail.metric, { station: station.id }) }));
  const told = shares.filter(({ steps }) => steps.length > 0);
  if (told.length === 0) return [];
  const series = told.map(({ name, look, steps }): Series => {
    const points = steps
      .filter(({ upTo }) => upTo > 0 && upTo <= 1)
      .map(({ upTo, share }) => ({ x: Math.max(0, upTo - STEP), y: share }));
    return { name: t(name), look, form: "steps", points };
  });
  const highest = Math.max(...told.flatMap(({ steps }) => steps.map(({ share }) => share)));
  const bar = valueOf(samples, "visavis_gallery_bar", { gallery: station.gallery_id ?? "" });
  const bounds = told[0]?.steps.map(({ upTo }) => upTo).filter((upTo) => upTo > 0 && upTo <= 1) ?? [];
  const rows = bounds.map((upTo) => [
    t("console.drift.up_to", { cosine: shortCosine(upTo) }),
    ...told.map(({ steps }) => percent(steps.find((step) => step.upTo === upTo)?.share ?? 0)),
  ]);
  return [
    chartOf(
      {
        title: t("console.drift.chart", { station: station.name }),
        x: { label: t("console.drift.cosine"), scale: "linear", low: 0, high: 1, tell: shortCosine },
        y: {
          label: t("console.drift.share"),
          scale: "linear",
          low: 0,
          high: Math.min(1, highest * AIR),
          tell: percent,
        },
        series,
        marks: bar === null ? [] : [{ along: "x", at: bar, name: t("console.drift.bar") }],
      },
      { heads: [t("console.drift.cosine"), ...series.map(({ name }) => name)], rows },
      t("console.drift.says"),
    ),
  ];
}

function decisions(station: Station, samples: readonly Sample[]): HTMLElement {
  const counted = withLabels(samples, "visavis_decisions_total", { station: station.id });
  if (counted.length === 0) return element("p", { class: "soft" }, t("console.drift.few"));
  const disputed = valueOf(samples, "visavis_disputed_total", { station: station.id }) ?? 0;
  const rows = counted.map(({ labels, value }) => [
    outcomeInWords(labels["outcome"] ?? ""),
    meansInWords(labels["means"] ?? ""),
    count(value),
  ]);
  const heads = [t("console.drift.outcome"), t("console.drift.means"), t("console.drift.about")];
  const whole = element("div", {}, element("h3", {}, t("console.drift.decisions")));
  whole.append(
    tableOf(
      { heads, rows: [...rows, [t("console.drift.disputed"), "", count(disputed)]] },
      t("console.drift.decisions"),
    ),
  );
  return whole;
}
