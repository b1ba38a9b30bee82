import { expect, it } from "vitest";

import { isTurned } from "../src/capture/challenge.js";
import { turned } from "./made.js";

it.each([
  ["left", 0.3, true],
  ["left", 0.1, false],
  ["left", -0.3, false],
  ["right", -0.3, true],
  ["right", 0.3, false],
  ["straight", 0.1, true],
  ["straight", 0.3, false],
  ["closer", 0, false],
] as const)("a step that asks for %s, with a turn of %s, is done: %s", (instruction, turn, done) => {
  expect(isTurned(turned(turn), { instruction, within: 5000 })).toBe(done);
});
