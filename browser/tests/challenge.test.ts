import { expect, it } from "vitest";

import { type Challenge, lasts, planned } from "../src/capture/challenge.js";
import { film, type Set } from "../src/capture/film.js";
import { FilmInterrupted } from "../src/capture/errors.js";
import { payload } from "../src/server/capture.js";

const CHALLENGE: Challenge = {
  session_id: "ses_a",
  nonce: "AAECAwQFBgcICQoLDA0ODxAR",
  steps: [
    { do: "left", pause_ms: 700, within_ms: 4000 },
    { do: "blink_twice", pause_ms: 300, within_ms: 4000 },
    { do: "closer", pause_ms: 1200, within_ms: 4000 },
  ],
  expires_at: "2027-01-15T08:00:20Z",
};

/** A clock that only moves when somebody waits or takes a frame. */
function set(grabs: (at: number) => number = () => 12): Set & { shown: string[] } {
  let now = 1000;
  const shown: string[] = [];
  return {
    shown,
    grab: async () => {
      now += grabs(now - 1000);
      return new Blob([String(now)]);
    },
    show: (asked, at) => void shown.push(`${asked?.do ?? "-"} ${at.number}/${at.of}`),
    now: () => now,
    wait: async (milliseconds) => void (now += Math.max(1, milliseconds)),
  };
}

const never = (): AbortSignal => new AbortController().signal;

it("shows each step after its pause, in order, and nothing between", async () => {
  const stage = set();
  const { steps } = await film(CHALLENGE, stage, never());
  expect(stage.shown).toEqual(["- 1/3", "left 1/3", "- 2/3", "blink_twice 2/3", "- 3/3", "closer 3/3", "- 3/3"]);
  let before = 0;
  for (const [number, step] of steps.entries()) {
    const asked = CHALLENGE.steps[number];
    expect(step.do).toBe(asked?.do);
    expect(step.shown_ms - before).toBeGreaterThanOrEqual(asked?.pause_ms ?? 0);
    expect(step.shown_ms - before).toBeLessThanOrEqual((asked?.pause_ms ?? 0) + 600);
    expect(step.done_ms - step.shown_ms).toBeLessThanOrEqual(4000);
    before = step.done_ms;
  }
});

it("takes frames as the server wants them", async () => {
  const { frames, steps } = await film(CHALLENGE, set(), never());
  const gaps = frames.slice(1).map(({ at_ms }, number) => at_ms - (frames[number]?.at_ms ?? 0));
  expect(frames[0]?.at_ms).toBe(0);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(60);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(400);
  expect(frames.length).toBeGreaterThanOrEqual(16);
  expect(frames.length).toBeLessThanOrEqual(128);
  expect(frames.at(-1)?.at_ms).toBeGreaterThanOrEqual((steps.at(-1)?.done_ms ?? 0) - 400);
  const during = frames.filter(({ at_ms }) => at_ms >= (steps[1]?.shown_ms ?? 0) && at_ms < (steps[1]?.done_ms ?? 0));
  expect(during.length).toBeGreaterThan(20);
});

it("gives up where frames are missing", async () => {
  const slow = set((at) => (at > 2000 ? 700 : 12));
  await expect(film(CHALLENGE, slow, never())).rejects.toThrow(FilmInterrupted);
});

it("ends when it is given up", async () => {
  const over = new AbortController();
  const stage = set((at) => {
    if (at > 1500) over.abort(new Error("over"));
    return 12;
  });
  await expect(film(CHALLENGE, stage, over.signal)).rejects.toThrow("over");
});

it("gives everybody time to read, and more for more", () => {
  const of = (name: string): number => lasts({ do: name, pause_ms: 0, within_ms: 4000 });
  expect(of("left")).toBeGreaterThan(2000);
  expect(of("blink_thrice")).toBeGreaterThan(of("blink_twice"));
  expect(of("blink_twice")).toBeGreaterThan(of("blink"));
  expect(lasts({ do: "left", pause_ms: 0, within_ms: 900 })).toBe(900);
  expect(planned(CHALLENGE).at(-1)?.done_ms).toBeLessThan(12_000);
});

it("writes a manifest whose names are sorted and numbers whole", async () => {
  const taken = await film(CHALLENGE, set(), never());
  const written = payload(CHALLENGE, taken, taken.frames.map(() => "0".repeat(64)), "sta_a");
  const sorted = JSON.stringify(JSON.parse(written), (_, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
  expect(written).toBe(sorted);
  expect(written).not.toMatch(/\d\.\d/);
});
