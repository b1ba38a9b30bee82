/** What was decided in one gallery, or in the document checks of one purpose, on one day; without names. */

import type { Key } from "../shared/catalogue.js";
import { byId, element, input, ofKind } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { clock, dayAndTime, meansInWords, oneIn, outcomeInWords, reasonInWords } from "../shared/words.js";
import type { Gallery } from "./galleries.js";
import { focusOn } from "./people.js";
import { listReasonIn, offerReason } from "./reason.js";
import type { Section, Visit } from "./section.js";
import type { Station as Listed } from "./stations.js";

const PAGE = 200;
const OUTCOMES = ["MATCH", "NO_MATCH", "REFUSED", "REVIEW"];

type Station = Listed & { purpose_id: string };

interface Decision {
  decision_id: string;
  kind: string;
  means: string;
  outcome: string;
  reason: string | null;
  station_id: string | null;
  gallery_id: string | null;
  subject_id: string | null;
  fmr_decade: number | null;
  gallery_size: number | null;
  decided_at: string;
}

interface Page {
  items: Decision[];
  next: string | null;
}

/** Since when one comparison of a gallery may err so often at most. */
interface Move {
  per_comparison: number;
  moved_at: string;
}

/** What a list is made of, besides the decisions. */
interface Around {
  stations: ReadonlyMap<string, string>;
  /** Newest first; of a purpose's document checks there are none. */
  moves: readonly Move[];
}

export const section: Section = {
  async open(visit) {
    const [galleries, stations] = await Promise.all([
      visit.all<Gallery>("/v1/galleries"),
      visit.all<Station>("/v1/stations"),
    ]);
    offerPlaces(galleries, stations);
    const where = ofKind(HTMLSelectElement, "decisions-where");
    const isThere = where.options.length > 0;
    byId("decisions-form").hidden = !isThere;
    byId("decisions-nowhere").hidden = isThere;
    where.addEventListener("change", () => offerStations(stations));
    offerStations(stations);
    input("decisions-day").value = localDay(new Date());
    offerReason(visit, "decisions-reason");
    visit.onSend(ofKind(HTMLFormElement, "decisions-form"), () => list(visit, stations));
  },
};

/** As a box for days has it, where this browser is. */
function localDay(moment: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** Galleries, and purposes whose documents are checked at some station. */
function offerPlaces(galleries: readonly Gallery[], stations: readonly Station[]): void {
  const checking = stations.filter(({ gallery_id }) => gallery_id === null);
  const checks = new Set(checking.map(({ purpose_id }) => purpose_id));
  ofKind(HTMLSelectElement, "decisions-where").replaceChildren(
    ...galleries.map(({ id, name }) => element("option", { value: `gallery_id=${id}` }, name)),
    ...[...checks].map((id) => {
      const names = checking.filter(({ purpose_id }) => purpose_id === id).map(({ name }) => name).join(", ");
      return element("option", { value: `purpose_id=${id}` }, t("console.decisions.checks", { stations: names }));
    }),
  );
}

function offerStations(stations: readonly Station[]): void {
  const [field = "", id = ""] = ofKind(HTMLSelectElement, "decisions-where").value.split("=");
  const here = stations.filter((one) =>
    field === "gallery_id" ? one.gallery_id === id : one.gallery_id === null && one.purpose_id === id,
  );
  ofKind(HTMLSelectElement, "decisions-station").replaceChildren(
    element("option", { value: "" }, t("console.decisions.every_station")),
    ...here.map(({ id: station, name }) => element("option", { value: station }, name)),
  );
}

/** The question in the form. @throws {Error} no day is chosen */
function asked(): URLSearchParams {
  const chosen = input("decisions-day").value;
  if (chosen === "") {
    input("decisions-day").focus();
    throw new Error(t("console.decisions.no_day"));
  }
  const [year = 0, month = 1, date = 1] = chosen.split("-").map(Number);
  const query = new URLSearchParams(ofKind(HTMLSelectElement, "decisions-where").value);
  query.set("since", new Date(year, month - 1, date).toISOString());
  query.set("until", new Date(year, month - 1, date + 1).toISOString());
  const station = ofKind(HTMLSelectElement, "decisions-station").value;
  if (station !== "") query.set("station_id", station);
  query.set("limit", String(PAGE));
  return query;
}

async function list(visit: Visit, stations: readonly Station[]): Promise<void> {
  const query = asked();
  const reason = listReasonIn(visit, "decisions-reason");
  const gallery = query.get("gallery_id");
  const around: Around = {
    stations: new Map(stations.map(({ id, name }) => [id, name])),
    moves: gallery === null ? [] : await movesOf(visit, gallery, query),
  };
  const found: Decision[] = [];
  const further = async (after: string | null): Promise<void> => {
    if (after !== null) query.set("after", after);
    const page = await visit.ask<Page>("GET", `/v1/decisions?${query}`, { reason });
    found.push(...page.items);
    found.sort((one, other) => other.decided_at.localeCompare(one.decided_at));
    show(found, around);
    const { next } = page;
    byId("decisions-partly").hidden = next === null;
    byId("decisions-more").replaceChildren(
      ...(next === null ? [] : [visit.button(t("console.more"), () => further(next))]),
    );
  };
  await further(null);
  focusOn(byId("decisions-title"));
}

/** How the bar of a gallery moved on this day, and the last time before it. They come newest first, some at a time. */
async function movesOf(visit: Visit, gallery: string, day: URLSearchParams): Promise<Move[]> {
  const since = day.get("since") ?? "";
  const found: Move[] = [];
  let until = day.get("until") ?? "";
  for (;;) {
    const asked = `/v1/galleries/${gallery}?${new URLSearchParams({ until })}`;
    const { moves } = await visit.ask<{ moves: Move[] }>("GET", asked);
    found.push(...moves);
    const oldest = moves.at(-1)?.moved_at;
    if (oldest === undefined || Date.parse(oldest) <= Date.parse(since)) return found;
    until = oldest;
  }
}

function show(found: readonly Decision[], around: Around): void {
  byId("decisions-list").hidden = false;
  byId("decisions-none").hidden = found.length > 0;
  byId("decisions-table").hidden = found.length === 0;
  const counts = OUTCOMES.map((outcome) => ({ outcome, n: found.filter((one) => one.outcome === outcome).length }));
  byId("decisions-counts").textContent = counts
    .filter(({ n }) => n > 0)
    .map(({ outcome, n }) => `${outcomeInWords(outcome)}: ${n}`)
    .join(" · ");
  byId("decisions").replaceChildren(...found.map((one) => line(one, around)));
}

function line(one: Decision, around: Around): HTMLTableRowElement {
  const result = element("td", {}, element("b", {}, outcomeInWords(one.outcome)));
  if (one.reason !== null) result.append(element("br", {}), reasonInWords(one.reason));
  const time = element("time", { datetime: one.decided_at, title: dayAndTime(one.decided_at) }, clock(one.decided_at));
  const at = one.station_id === null ? t("console.decisions.own") : around.stations.get(one.station_id);
  const how = `${meansInWords(one.means)}, ${kind(one.kind)}`;
  return element(
    "tr",
    {},
    element("td", {}, time),
    result,
    element("td", {}, how),
    element("td", {}, at ?? t("console.decisions.gone")),
    element("td", {}, ...bar(one, around)),
    element("td", {}, ...person(one)),
  );
}

const kind = (name: string): string => t(`console.decisions.kind.${name}` as Key);

/** What one comparison had to pass then, and how sure this one was. */
function bar(one: Decision, { moves }: Around): (Node | string)[] {
  if (one.means !== "face") return [t("console.decisions.no_bar")];
  const held = moves.find(({ moved_at }) => Date.parse(moved_at) <= Date.parse(one.decided_at));
  const said: (Node | string)[] = [
    held === undefined ? t("console.decisions.bar.unknown") : t("console.decisions.bar", { rate: oneIn(held.per_comparison) }),
  ];
  if (one.gallery_size !== null) said.push(element("br", {}), t("console.decisions.size", { n: one.gallery_size }));
  if (one.fmr_decade !== null) {
    const small = element("small", { class: "soft" }, t("console.decisions.sure", { rate: oneIn(10 ** one.fmr_decade) }));
    said.push(element("br", {}), small);
  }
  return said;
}

function person({ subject_id, gallery_id }: Decision): (Node | string)[] {
  if (subject_id === null || gallery_id === null) return [t("console.decisions.nobody")];
  const short = `${subject_id.slice(0, 8)}…`;
  const link = element("a", { href: `#/subjects/${gallery_id}/${subject_id}`, dir: "ltr" }, short);
  link.setAttribute("aria-label", t("console.decisions.record", { id: subject_id }));
  return [link];
}
