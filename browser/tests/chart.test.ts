import { describe, expect, it } from "vitest";

import { type Axis, type Chart, layout, partOf, roundTicks } from "../src/console/chart.js";
import { readMetrics, sharesOf, valueOf } from "../src/console/metrics-text.js";

const axis = (changed: Partial<Axis> = {}): Axis => ({
  label: "",
  scale: "linear",
  low: 0,
  high: 10,
  tell: String,
  ...changed,
});

const chart = (changed: Partial<Chart> = {}): Chart => ({
  title: "A chart",
  x: axis({ scale: "log", low: 1, high: 1000 }),
  y: axis({ high: 0.08 }),
  series: [
    {
      name: "one",
      look: "first",
      form: "line",
      points: [
        { x: 1, y: 0 },
        { x: 10, y: 0.04, low: 0.02, high: 0.06 },
        { x: 1000, y: null },
      ],
    },
  ],
  marks: [],
  ...changed,
});

/** The numbers of a path, in pairs. */
const points = (d = ""): number[][] =>
  [...d.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);

describe("an axis", () => {
  it("places values evenly, or by their powers", () => {
    expect(partOf(axis(), 2.5)).toBe(0.25);
    expect(partOf(axis({ scale: "log", low: 1, high: 10_000 }), 100)).toBeCloseTo(0.5);
  });

  it("keeps what lies outside at its ends", () => {
    expect(partOf(axis(), -1)).toBe(0);
    expect(partOf(axis(), 11)).toBe(1);
    expect(partOf(axis({ scale: "log", low: 1 }), 0)).toBe(0);
  });

  it.each([
    [axis(), 6, [0, 2, 4, 6, 8, 10]],
    [axis({ high: 0.08 }), 5, [0, 0.02, 0.04, 0.06, 0.08]],
    [axis({ low: 0.3, high: 0.9 }), 4, [0.4, 0.6, 0.8]],
    [axis({ scale: "log", low: 1, high: 1e6 }), 4, [1, 100, 10_000, 1e6]],
    [axis({ scale: "log", low: 0.001, high: 5 }), 9, [0.001, 0.01, 0.1, 1]],
  ])("names round values, few enough (%#)", (of, most, expected) => expect(roundTicks(of, most)).toEqual(expected));

  it("has no more names than there is room for, whatever it spans", () => {
    for (const high of [0.003, 1, 7, 19, 250, 4e5]) {
      for (const most of [2, 3, 5, 9]) {
        expect(roundTicks(axis({ high }), most).length, `${high} ${most}`).toBeLessThanOrEqual(most);
        expect(roundTicks(axis({ high: high + 1, low: 0.01, scale: "log" }), most).length).toBeLessThanOrEqual(most);
      }
    }
  });

  it("that does not rise is refused", () => {
    expect(() => layout(chart({ y: axis({ high: 0 }) }), 600)).toThrow(RangeError);
    expect(() => layout(chart({ x: axis({ scale: "log" }) }), 600)).toThrow(RangeError);
  });
});

describe("a chart", () => {
  it("draws a line through what is known, and ends it where it is not", () => {
    const made = layout(chart(), 600);
    expect(points(made.lines[0]?.d)).toHaveLength(2);
    expect(points(made.lines[0]?.d)[0]).toEqual([made.left, made.bottom]);
  });

  it("begins anew behind a gap", () => {
    const gap = [
      { x: 1, y: 1 },
      { x: 2, y: null },
      { x: 3, y: 1 },
      { x: 4, y: 1 },
    ];
    const made = layout(
      chart({ x: axis(), y: axis(), series: [{ name: "", look: "second", form: "line", points: gap }] }),
      600,
    );
    expect(made.lines.map(({ d }) => points(d).length)).toEqual([1, 2]);
    expect(made.lines.map(({ look }) => look)).toEqual(["second", "second"]);
  });

  it("puts the band around the line, not over the edge", () => {
    const made = layout(chart(), 600);
    const [value] = points(made.lines[0]?.d).slice(1);
    const ys = points(made.bands[0]?.d)
      .filter(([x]) => x === value?.[0])
      .map(([, y]) => y);
    expect(ys).toHaveLength(2);
    expect(Math.min(...(ys as number[]))).toBeLessThan(value?.[1] ?? 0);
    expect(Math.max(...(ys as number[]))).toBeGreaterThan(value?.[1] ?? 0);
  });

  it("holds a step until the next one, and the last to the end", () => {
    const steps = [
      { x: 0, y: 2 },
      { x: 5, y: 4 },
    ];
    const made = layout(
      chart({ x: axis(), y: axis(), series: [{ name: "", look: "first", form: "steps", points: steps }] }),
      600,
    );
    const [a, b, c, d] = points(made.lines[0]?.d);
    expect(a?.[1]).toBe(b?.[1]);
    expect(b?.[0]).toBe(c?.[0]);
    expect(c?.[1]).toBe(d?.[1]);
    expect(d?.[0]).toBe(made.right);
  });

  it("stays inside its width, on a small screen too", () => {
    for (const width of [280, 343, 900]) {
      const made = layout(chart({ marks: [{ along: "x", at: 990, name: "a rather long name" }] }), width);
      for (const [x, y] of points(made.lines[0]?.d)) {
        expect(x).toBeGreaterThanOrEqual(made.left);
        expect(x).toBeLessThanOrEqual(made.right);
        expect(y).toBeLessThanOrEqual(made.bottom);
      }
      expect(made.marks[0]?.anchor).toBe("end");
      expect(made.xTicks.length).toBeGreaterThanOrEqual(2);
    }
  });
});

describe("names of marks", () => {
  const marks = [
    { along: "y" as const, at: 0.05, name: "most that may be missed" },
    { along: "x" as const, at: 400, name: "now" },
    { along: "x" as const, at: 500, name: "most" },
  ];

  it("stand one above the other where they would run into each other", () => {
    const [now, most] = layout(chart({ marks }), 280).marks;
    expect([now?.name, most?.name]).toEqual(["now", "most"]);
    expect(now?.textY).toBeGreaterThan(most?.textY ?? Infinity);
  });

  it("stand side by side where there is room", () => {
    const apart = marks.map((mark) => (mark.at === 400 ? { ...mark, at: 2 } : mark));
    const made = layout(chart({ marks: apart }), 280);
    expect(made.marks[0]?.textY).toBe(made.marks[1]?.textY);
    expect(made.top).toBe(layout(chart(), 280).top);
  });

  it("leave the name of the axis its row", () => {
    const many = [1, 2, 3].map((at) => ({ along: "x" as const, at: 500 + at, name: "a rather long name" }));
    for (const { textY } of layout(chart({ marks: many }), 280).marks) expect(textY).toBeGreaterThan(13 + 13);
  });
});

describe("metrics", () => {
  const TEXT = `# HELP visavis_mated_cosine of people
# TYPE visavis_mated_cosine histogram
visavis_mated_cosine_bucket{gallery="gal_1",le="0.5",station="sta_1"} 2.0
visavis_mated_cosine_bucket{gallery="gal_1",le="1.0",station="sta_1"} 10.0
visavis_mated_cosine_bucket{gallery="gal_1",le="+Inf",station="sta_1"} 10.0
visavis_odd{a="x\\"y\\\\z\\n"} 3
visavis_start_timestamp_seconds 1.7e+09
no sample
`;

  it("are read with their labels", () => {
    const found = readMetrics(TEXT);
    expect(found).toHaveLength(5);
    expect(found[3]).toEqual({ name: "visavis_odd", labels: { a: 'x"y\\z\n' }, value: 3 });
    expect(valueOf(found, "visavis_start_timestamp_seconds")).toBe(1.7e9);
    expect(valueOf(found, "visavis_missing")).toBeNull();
  });

  it("give shares between the bounds", () => {
    const found = readMetrics(TEXT);
    expect(sharesOf(found, "visavis_mated_cosine", { station: "sta_1" })).toEqual([
      { upTo: 0.5, share: 0.2 },
      { upTo: 1, share: 0.8 },
      { upTo: Infinity, share: 0 },
    ]);
    expect(sharesOf(found, "visavis_mated_cosine", { station: "sta_2" })).toEqual([]);
  });
});
