/** What each gallery promises, what was measured of it, and how that moves with its size. About galleries, never people. */

import { byId, element, ofKind } from "../shared/dom.js";
import type { Key } from "../shared/catalogue.js";
import { t } from "../shared/texts.js";
import { dayAndTime, oneIn, promise } from "../shared/words.js";
import { chartOf } from "./chart-view.js";
import { cosine, count, fact, percent, short, shortCosine, shortDay } from "./figures.js";
import type { Gallery } from "./galleries.js";
import type { Section, Visit } from "./section.js";

interface AtSize {
  references: number;
  per_comparison: number;
  missed: number | null;
  missed_low: number | null;
  missed_high: number | null;
}

interface Move {
  bar: number;
  per_comparison: number;
  references: number;
  source: string;
  moved_at: string;
}

interface Own {
  people: number;
  comparisons: number;
  floor: number;
  is_worse: boolean;
  measured_at: string;
}

/** One gallery, as `GET /v1/galleries/{id}` says. */
export interface Detail extends Gallery, AtSize {
  target_kind: string;
  target: number;
  max_fnmr: number;
  moves: Move[];
  sizes: AtSize[];
  own: Own | null;
}

/** What is drawn stays off the upper edge, and the name of the line across fits in above it. */
const AIR = 1.35;
const A_DAY_MS = 86_400_000;

export const section: Section = {
  async open(visit) {
    const galleries = await visit.all<Gallery>("/v1/galleries");
    const chosen = visit.rest[0] ?? galleries[0]?.id;
    byId("rates-none").hidden = galleries.length > 0;
    byId("rates-chosen").hidden = galleries.length === 0;
    if (chosen === undefined) return;
    choose(galleries, chosen, "rates");
    show(visit, await visit.ask<Detail>("GET", `/v1/galleries/${encodeURIComponent(chosen)}`));
  },
};

/** The box that says which gallery; another one is another address. */
export function choose(galleries: readonly Gallery[], chosen: string, name: string): void {
  const box = ofKind(HTMLSelectElement, `${name}-gallery`);
  for (const { id, name: text } of galleries) {
    const option = element("option", { value: id }, text);
    option.selected = id === chosen;
    box.append(option);
  }
  box.addEventListener("change", () => (location.hash = `#/${name}/${box.value}`));
}

function show(visit: Visit, gallery: Detail): void {
  byId("rates-promise").replaceChildren(...promised(gallery));
  byId("rates-measured").replaceChildren(...measured(gallery));
  byId("rates-size").replaceChildren(ofSize(gallery));
  byId("rates-moves").replaceChildren(ofMoves(gallery));
  if (!visit.may("admin")) return;
  const measure = async (): Promise<void> => {
    await visit.ask("POST", `/v1/galleries/${gallery.id}/own-rates`);
    visit.again();
  };
  byId("rates-measure").replaceChildren(visit.button(t("console.rates.measure"), measure));
}

function promised(gallery: Detail): HTMLElement[] {
  const { references, capacity, bound, missed, missed_low, missed_high, per_comparison } = gallery;
  const size =
    capacity === null ? count(references) : t("console.rates.of", { now: count(references), most: count(capacity) });
  const reached = bound === null ? t("console.rates.bound.none") : t(`console.rates.bound.${bound}` as Key);
  const band = t("console.rates.band", { low: percent(missed_low ?? 0), high: percent(missed_high ?? 0) });
  return [
    fact(t("console.rates.promise"), promise({ rate: gallery.target_kind, at_most: String(gallery.target) })),
    fact(
      t("console.rates.references"),
      size,
      capacity !== null && references > capacity ? t("console.rates.over") : reached,
    ),
    fact(t("console.rates.each"), oneIn(per_comparison)),
    fact(
      t("console.rates.missed"),
      missed === null ? t("console.rates.unknown") : percent(missed),
      `${missed === null ? "" : `${band} `}${t("console.rates.most", { share: percent(gallery.max_fnmr) })}`,
    ),
  ];
}

function measured({ own, moves: [newest] }: Detail): HTMLElement[] {
  const source =
    newest === undefined
      ? []
      : [fact(t("console.rates.bar"), cosine(newest.bar), t(`console.rates.source.${newest.source}` as Key))];
  if (own === null) return [...source, fact(t("console.rates.own"), t("console.rates.own.none"))];
  return [
    ...source,
    fact(
      t("console.rates.own"),
      t(own.is_worse ? "console.rates.own.worse" : "console.rates.own.same"),
      t("console.rates.own.by", { people: own.people, comparisons: own.comparisons, floor: oneIn(own.floor) }),
    ),
    fact(t("console.rates.own.at"), dayAndTime(own.measured_at)),
  ];
}

/** The share of members who are missed, by the number of references. */
function ofSize({ sizes, references, capacity, max_fnmr }: Detail): HTMLElement {
  const known = sizes.filter(({ missed }) => missed !== null);
  const last = sizes.at(-1)?.references ?? 1;
  if (known.length < 2)
    return element("p", {}, t(sizes.length === 0 ? "console.rates.size.same" : "console.rates.size.unknown"));
  const high = Math.max(max_fnmr, ...known.map(({ missed_high }) => missed_high ?? 0));
  const marks = [
    { along: "y" as const, at: max_fnmr, name: t("console.rates.mark.most") },
    ...(references > 1 ? [{ along: "x" as const, at: references, name: t("console.rates.mark.now") }] : []),
    ...(capacity !== null && capacity > 1
      ? [{ along: "x" as const, at: capacity, name: t("console.rates.mark.capacity") }]
      : []),
  ];
  const points = sizes.map((at) => ({ x: at.references, y: at.missed, low: at.missed_low, high: at.missed_high }));
  const rows = sizes.map((at) => [
    count(at.references),
    oneIn(at.per_comparison),
    at.missed === null ? t("console.rates.unknown") : percent(at.missed),
    at.missed === null
      ? ""
      : t("console.rates.band", { low: percent(at.missed_low ?? 0), high: percent(at.missed_high ?? 0) }),
  ]);
  return chartOf(
    {
      title: t("console.rates.size"),
      x: { label: t("console.rates.references"), scale: "log", low: 1, high: last, tell: short },
      y: { label: t("console.rates.missed"), scale: "linear", low: 0, high: high * AIR, tell: percent },
      series: [{ name: t("console.rates.size.line"), look: "first", form: "line", points }],
      marks: distinct(marks),
    },
    {
      heads: [
        t("console.rates.references"),
        t("console.rates.each"),
        t("console.rates.missed"),
        t("console.rates.band.head"),
      ],
      rows,
    },
    t("console.rates.size.says"),
  );
}

/** Where a gallery is full, "now" and "at most" are one line. */
function distinct<Mark extends { along: string; at: number }>(marks: Mark[]): Mark[] {
  return marks.filter(
    (mark, place) => marks.findIndex(({ along, at }) => along === mark.along && at === mark.at) === place,
  );
}

/** How the bar moved since the gallery was opened. */
function ofMoves({ moves }: Detail): HTMLElement {
  const inOrder = moves.toReversed();
  const [first, newest] = [inOrder[0], moves[0]];
  if (first === undefined || newest === undefined || inOrder.length < 2)
    return element("p", {}, t("console.rates.moves.none"));
  const bars = inOrder.map(({ bar }) => bar);
  const room = Math.max(0.01, (Math.max(...bars) - Math.min(...bars)) / 4);
  const [begin, end] = [Date.parse(first.moved_at), Date.parse(newest.moved_at)];
  const x = { low: begin, high: Math.max(Date.now(), end + A_DAY_MS / 24, begin + A_DAY_MS / 24) };
  return chartOf(
    {
      title: t("console.rates.moves"),
      x: {
        ...x,
        label: t("console.rates.moves.day"),
        scale: "linear",
        tell: shortDay,
        ticks: [x.low + (x.high - x.low) * 0.15, x.high - (x.high - x.low) * 0.15],
      },
      y: {
        label: t("console.rates.bar"),
        scale: "linear",
        low: Math.min(...bars) - room,
        high: Math.max(...bars) + room,
        tell: shortCosine,
      },
      series: [
        {
          name: t("console.rates.moves.line"),
          look: "first",
          form: "steps",
          points: inOrder.map(({ moved_at, bar }) => ({ x: Date.parse(moved_at), y: bar })),
        },
      ],
      marks: [],
    },
    {
      heads: [
        t("console.rates.moves.since"),
        t("console.rates.bar"),
        t("console.rates.references"),
        t("console.rates.moves.source"),
      ],
      rows: moves.map((move) => [
        dayAndTime(move.moved_at),
        cosine(move.bar),
        count(move.references),
        t(`console.rates.source.${move.source}` as Key),
      ]),
    },
    t("console.rates.moves.says"),
  );
}
