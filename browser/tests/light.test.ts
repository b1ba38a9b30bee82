import { describe, expect, it } from "vitest";

import type { Face, Point } from "../src/capture/faces.js";
import { brightest, greys, light, type Pixels, sharpness, speed } from "../src/capture/light.js";
import { face } from "./made.js";

function pixels(width: number, height: number, at: (x: number, y: number) => number): Pixels {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([at(x, y), at(x, y), at(x, y), 255], 4 * (y * width + x));
  }
  return { data, width, height };
}

describe("light", () => {
  const half = greys(pixels(20, 10, (x) => (x < 10 ? 50 : 200)));

  it("is that of the whole picture, or of a part", () => {
    expect(light(half, 20)).toBeCloseTo(125, 3);
    expect(light(half, 20, { left: 10, top: 0, width: 10, height: 10 })).toBeCloseTo(200, 3);
  });

  it("is measured where a box hangs out of the picture, and is 0 where it is outside", () => {
    expect(light(half, 20, { left: -5, top: -5, width: 10, height: 10 })).toBeCloseTo(50, 3);
    expect(light(half, 20, { left: 50, top: 50, width: 10, height: 10 })).toBe(0);
  });

  it("of the lightest pixel tells black from dark", () => {
    expect(brightest(half)).toBeCloseTo(200, 3);
    expect(brightest(greys(pixels(4, 4, () => 3)))).toBeCloseTo(3, 3);
  });
});

describe("sharpness", () => {
  const edge = (soft: number) => greys(pixels(40, 40, (x) => 128 + 100 * Math.tanh((x - 20) / soft)));

  it("falls as edges get soft", () => {
    expect(sharpness(edge(0.5), 40)).toBeGreaterThan(5 * sharpness(edge(4), 40));
  });

  it("does not depend on the light", () => {
    const dim = greys(pixels(40, 40, (x) => 30 + 20 * Math.tanh((x - 20) / 0.5)));
    expect(sharpness(dim, 40)).toBeCloseTo(sharpness(edge(0.5), 40), 1);
  });

  it("of nothing is nothing", () => {
    expect(sharpness(greys(pixels(8, 8, () => 90)), 8)).toBe(0);
  });
});

it("speed is in widths of the face per second", () => {
  const moved = (by: number): Face => {
    const aside = ({ x, y }: Point): Point => ({ x: x + by, y });
    const { rightEye, leftEye, nose, rightMouth, leftMouth, ...rest } = face();
    return {
      ...rest,
      rightEye: aside(rightEye),
      leftEye: aside(leftEye),
      nose: aside(nose),
      rightMouth: aside(rightMouth),
      leftMouth: aside(leftMouth),
    };
  };
  expect(speed(face(), moved(0), 0.1)).toBe(0);
  expect(speed(face(), moved(7), 0.1)).toBeCloseTo(1, 5);
});
