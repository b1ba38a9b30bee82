/** Where the parts of a chart lie. It computes only; `chart-view.ts` draws. Lengths are CSS pixels. */

export interface Axis {
  label: string;
  scale: "linear" | "log";
  low: number;
  high: number;
  /** A value as people read it. */
  tell(value: number): string;
  /** Values to name, in place of round ones. */
  ticks?: readonly number[];
}

export interface Point {
  x: number;
  /** Null where it is not known: the line ends there. */
  y: number | null;
  /** A band around it. */
  low?: number | null;
  high?: number | null;
}

/** How a series looks: by colour and by dashes, so that nobody has to see colours. */
export type Look = "first" | "second";

export interface Series {
  name: string;
  look: Look;
  /** `steps`: each value holds until the next point; the last until the axis ends. */
  form: "line" | "steps";
  /** By rising x. */
  points: readonly Point[];
}

/** A value that stands still, as a line across. */
export interface Mark {
  along: "x" | "y";
  at: number;
  name: string;
}

export interface Chart {
  title: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
  marks: readonly Mark[];
}

export interface Tick {
  at: number;
  text: string;
}

export interface Layout {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  xTicks: Tick[];
  yTicks: Tick[];
  lines: { look: Look; d: string }[];
  bands: { look: Look; d: string }[];
  marks: PlacedMark[];
}

/** A line, and where its name ends or begins. */
export interface PlacedMark {
  along: "x" | "y";
  at: number;
  name: string;
  textX: number;
  textY: number;
  anchor: "start" | "end";
}

const RATIO = 0.5;
const LOWEST = 220;
const HIGHEST = 340;
/** Above: a row for the name of the axis, and one for marks; more where their names would run into each other. */
const ROOM = { left: 60, right: 16, top: 44, bottom: 46 };
/** Fewer pixels than this between two names and they run into each other. */
const X_APART = 72;
const Y_APART = 40;
/** About what a letter of a mark's name takes. */
const LETTER = 7;
const ROW = 18;

/** Where a value lies on an axis, from 0 to 1; outside of the axis at its end. */
export function partOf({ scale, low, high }: Axis, value: number): number {
  const part = scale === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0;
}

/** At most `most` round values of an axis, from low to high. */
export function roundTicks(axis: Axis, most: number): number[] {
  return axis.scale === "log" ? decades(axis, most) : evenly(axis, most);
}

function evenly({ low, high }: Axis, most: number): number[] {
  const least = (high - low) / Math.max(1, most - 1);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = ([1, 2, 5, 10].find((times) => times * power >= least * (1 - 1e-9)) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

function decades({ low, high }: Axis, most: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / Math.max(1, most)));
  const count = Math.floor((last - first) / step) + 1;
  return Array.from({ length: count }, (_, at) => Number((10 ** (first + at * step)).toPrecision(12)));
}

/** The number as SVG has it: no longer than a screen can show. */
const px = (value: number): string => String(Math.round(value * 10) / 10);

interface Placed {
  x: number;
  y: number;
  low: number;
  high: number;
}

/** Runs of points that are known; where one is not, a run ends. */
function runs(points: readonly Point[]): Point[][] {
  const found: Point[][] = [[]];
  for (const point of points) {
    if (point.y === null) found.push([]);
    else found.at(-1)?.push(point);
  }
  return found.filter((run) => run.length > 0);
}

/** With steps, each point again where the next begins. */
function stepped(run: readonly Point[], end: number): Point[] {
  return run.flatMap((point, at) => [point, { ...point, x: run[at + 1]?.x ?? end }]);
}

const path = (points: readonly [number, number][]): string =>
  points.map(([x, y], at) => `${at === 0 ? "M" : "L"}${px(x)} ${px(y)}`).join("");

/**
 * @param width of the whole chart
 * @throws {RangeError} an axis has no length, or one that is logarithmic begins at zero
 */
export function layout(chart: Chart, width: number): Layout {
  for (const { low, high, scale } of [chart.x, chart.y]) {
    if (!(low < high) || (scale === "log" && low <= 0))
      throw new RangeError("An axis rises, a logarithmic one from above zero.");
  }
  const height = Math.min(HIGHEST, Math.max(LOWEST, Math.round(width * RATIO)));
  const [left, right] = [ROOM.left, width - ROOM.right];
  const across = (value: number): number => left + (right - left) * partOf(chart.x, value);
  const upright = uprights(chart.marks.filter(({ along }) => along === "x").map(({ at, name }) => ({ at: across(at), name })), right);
  const rows = Math.max(0, ...upright.map(({ row }) => row));
  const [top, bottom] = [ROOM.top + ROW * rows, height - ROOM.bottom];
  const up = (value: number): number => bottom - (bottom - top) * partOf(chart.y, value);
  const ticks = (axis: Axis, most: number, at: (value: number) => number): Tick[] =>
    (axis.ticks ?? roundTicks(axis, most)).map((value) => ({ at: at(value), text: axis.tell(value) }));
  const parts = chart.series.flatMap(({ look, form, points }) =>
    runs(points).map((run) => {
      const whole = form === "steps" ? stepped(run, chart.x.high) : run;
      return {
        look,
        placed: whole.map(({ x, y, low, high }): Placed => {
          const value = y ?? 0;
          return { x: across(x), y: up(value), low: up(low ?? value), high: up(high ?? value) };
        }),
        hasBand: whole.some(({ low, high }) => low != null && high != null),
      };
    }),
  );
  return {
    width,
    height,
    left,
    right,
    top,
    bottom,
    xTicks: ticks(chart.x, Math.max(2, Math.floor((right - left) / X_APART)), across),
    yTicks: ticks(chart.y, Math.max(2, Math.floor((bottom - top) / Y_APART)), up),
    lines: parts.map(({ look, placed }) => ({ look, d: path(placed.map(({ x, y }) => [x, y])) })),
    bands: parts
      .filter(({ hasBand }) => hasBand)
      .map(({ look, placed }) => ({
        look,
        d: `${path([...placed.map(({ x, high }): [number, number] => [x, high]), ...placed.toReversed().map(({ x, low }): [number, number] => [x, low])])}Z`,
      })),
    marks: [
      ...upright.map(({ at, name, anchor, row }) => ({ along: "x" as const, at, name, textX: at, textY: top - 8 - ROW * row, anchor })),
      ...chart.marks
        .filter(({ along }) => along === "y")
        .map(({ at, name }) => ({ along: "y" as const, at: up(at), name, textX: right - 4, textY: up(at) - 6, anchor: "end" as const })),
    ],
  };
}

interface Upright {
  at: number;
  name: string;
  anchor: "start" | "end";
  /** Above the lowest. */
  row: number;
}

/** Lines that stand upright, each with its name in the lowest row in which no other is in its way. */
function uprights(marks: readonly { at: number; name: string }[], right: number): Upright[] {
  const taken: [number, number][][] = [];
  return marks.map(({ at, name }) => {
    const long = LETTER * (name.length + 1);
    const anchor = at + long < right ? "start" : "end";
    const [from, to] = anchor === "start" ? [at, at + long] : [at - long, at];
    const free = taken.findIndex((row) => row.every(([begin, end]) => to <= begin || end <= from));
    const row = free === -1 ? taken.push([]) - 1 : free;
    taken[row]?.push([from, to]);
    return { at, name, anchor, row };
  });
}
