import { describe, expect, it } from "vitest";

import german from "../../src/visavis/web/texts/de.json";
import english from "../../src/visavis/web/texts/en.json";
import { fitted, LONGEST_SIDE } from "../src/capture/bundle.js";
import { CameraBusy, cameraProblem, CameraRefused, CameraMissing, CODES } from "../src/capture/errors.js";
import { shownAt } from "../src/capture/finder.js";
import { INSTRUCTIONS, POSES } from "../src/capture/guide.js";

/** What `spec/capture-bundle.md` can ask, and what is said between and beside. */
const ASKED = [
  ...["left", "right", "up", "down", "upper_left", "upper_right", "lower_left", "lower_right", "closer"],
  ...["blink", "blink_twice", "blink_thrice", "wait", "count"],
];

describe.each([["English", english as Record<string, string>], ["German", german as Record<string, string>]])("in %s", (_, texts) => {
  it("every problem says what happened and what to do", () => {
    for (const code of CODES) {
      expect(texts[`capture.problem.${code}`], code).toMatch(/\.$/);
      expect(texts[`capture.problem.${code}.mend`], code).toMatch(/\.$/);
    }
  });

  it("every step has words", () => {
    for (const asked of ASKED) expect(texts[`capture.ask.${asked}`], asked).toBeTruthy();
  });

  it("every instruction and pose has words", () => {
    for (const said of INSTRUCTIONS) expect(texts[`capture.guide.${said}`], said).toBeTruthy();
    for (const pose of POSES) expect(texts[`capture.pose.${pose}`], pose).toBeTruthy();
  });

  it("nothing is said that no code says", () => {
    const known = [
      ...CODES.flatMap((code) => [`capture.problem.${code}`, `capture.problem.${code}.mend`]),
      ...INSTRUCTIONS.map((said) => `capture.guide.${said}`),
      ...POSES.map((pose) => `capture.pose.${pose}`),
      ...ASKED.map((asked) => `capture.ask.${asked}`),
      ...["start", "take", "stop", "choose", "drop", "video", "count", "looking"].map((name) => `capture.${name}`),
    ];
    expect(Object.keys(texts).filter((key) => key.startsWith("capture.")).sort()).toEqual(known.sort());
  });
});

it.each([
  ["NotAllowedError", CameraRefused],
  ["SecurityError", CameraRefused],
  ["NotReadableError", CameraBusy],
  ["AbortError", CameraBusy],
  ["NotFoundError", CameraMissing],
  ["OverconstrainedError", CameraMissing],
])("%s has a name of ours", (name, kind) => {
  expect(cameraProblem(new DOMException("", name))).toBeInstanceOf(kind);
});

it("a photo is sent no larger than it needs to be, in its own shape", () => {
  expect(fitted(3840, 2160)).toEqual({ width: LONGEST_SIDE, height: 1080 });
  expect(fitted(1280, 720)).toEqual({ width: 1280, height: 720 });
  expect(fitted(2160, 3840)).toEqual({ width: 1080, height: LONGEST_SIDE });
  expect(fitted(100_000, 1)).toEqual({ width: LONGEST_SIDE, height: 1 });
});

it("the network is shown 320 pixels", () => {
  expect(shownAt(1280, 720)).toEqual({ width: 320, height: 180 });
  expect(shownAt(720, 1280)).toEqual({ width: 180, height: 320 });
  expect(shownAt(160, 120)).toEqual({ width: 160, height: 120 });
});
