import { describe, expect, it } from "vitest";

import { decoded, enlarged, heading, type Level, overlap } from "../src/capture/faces.js";
import { face, turned } from "./made.js";

/** A level of 10 by 10 cells in which nothing is a face, but what is put there. */
function level(stride: number, found: { cell: number; score: number; size?: number; kps?: number[] }[]): Level {
  const cells = (320 / stride) ** 2;
  const made = {
    stride,
    cls: new Float32Array(cells),
    obj: new Float32Array(cells),
    bbox: new Float32Array(4 * cells),
    kps: new Float32Array(10 * cells),
  };
  for (const { cell, score, size = 64, kps = [] } of found) {
    made.cls[cell] = made.obj[cell] = score;
    made.bbox.set([0.5, 0.25, Math.log(size / stride), Math.log((1.5 * size) / stride)], 4 * cell);
    made.kps.set(kps, 10 * cell);
  }
  return made;
}

describe("what the network gives", () => {
  it("is read as the server reads it", () => {
    const [found, ...others] = decoded([level(32, [{ cell: 23, score: 0.81, kps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }])], 320);
    expect(others).toEqual([]);
    // Cell 23 of ten columns: column 3, row 2. The centre is half a stride right of it and a quarter below.
    expect(found?.width).toBeCloseTo(64, 3);
    expect(found?.height).toBeCloseTo(96, 3);
    expect(found?.left).toBeCloseTo(3.5 * 32 - 32, 3);
    expect(found?.top).toBeCloseTo(2.25 * 32 - 48, 3);
    expect(found?.rightEye).toEqual({ x: (3 + 1) * 32, y: (2 + 2) * 32 });
    expect(found?.leftMouth).toEqual({ x: (3 + 9) * 32, y: (2 + 10) * 32 });
    expect(found?.score).toBeCloseTo(0.81, 5);
  });

  it("is no face below 0.6", () => {
    expect(decoded([level(32, [{ cell: 3, score: 0.59 }])], 320)).toEqual([]);
    expect(decoded([level(32, [{ cell: 3, score: 0.61 }])], 320)).toHaveLength(1);
  });

  it("speaks of one face once, by its best box", () => {
    const found = decoded([level(32, [{ cell: 23, score: 0.7, size: 128 }, { cell: 24, score: 0.9, size: 128 }])], 320);
    expect(found.map(({ score }) => score.toFixed(1))).toEqual(["0.9"]);
  });

  it("is steadier for all that speak of one face", () => {
    // Two cells side by side, equally sure: the face is between them.
    const [found] = decoded([level(32, [{ cell: 23, score: 0.8, size: 128 }, { cell: 24, score: 0.8, size: 128 }])], 320);
    expect(found?.left).toBeCloseTo(4 * 32 - 64, 3);
    expect(found?.nose.x).toBeCloseTo(3.5 * 32, 3);
    expect(found?.score).toBeCloseTo(0.8, 5);
  });

  it("speaks of two faces twice, the better one first", () => {
    const found = decoded([level(32, [{ cell: 20, score: 0.7 }, { cell: 27, score: 0.9 }])], 320);
    expect(found.map(({ score }) => score.toFixed(1))).toEqual(["0.9", "0.7"]);
  });

  it.each([NaN, Infinity])("has no place that is %s", (value) => {
    const broken = level(32, [{ cell: 3, score: 0.9 }]);
    broken.kps[34] = value;
    expect(decoded([broken], 320)).toEqual([]);
  });

  it("tells only scores from 0 to 1", () => {
    expect(decoded([level(32, [{ cell: 3, score: 7 }])], 320)[0]?.score).toBe(1);
  });
});

describe("a head", () => {
  it("that looks straight ahead has its nose in the middle", () => {
    expect(heading(face()).turn).toBeCloseTo(0, 5);
    expect(heading(face()).lean).toBeCloseTo(0, 5);
  });

  it("that turns to its left moves its nose to the right of the picture", () => {
    expect(heading(turned(0.3)).turn).toBeGreaterThan(0.2);
    expect(heading(turned(-0.3)).turn).toBeLessThan(-0.2);
  });

  it("that leans does not count as turned", () => {
    const round = ({ x, y }: { x: number; y: number }) => {
      const angle = (20 * Math.PI) / 180;
      const [dx, dy] = [x - 160, y - 95];
      return { x: 160 + dx * Math.cos(angle) - dy * Math.sin(angle), y: 95 + dx * Math.sin(angle) + dy * Math.cos(angle) };
    };
    const plain = face();
    const leaning = face({
      rightEye: round(plain.rightEye),
      leftEye: round(plain.leftEye),
      nose: round(plain.nose),
      rightMouth: round(plain.rightMouth),
      leftMouth: round(plain.leftMouth),
    });
    expect(heading(leaning).lean).toBeCloseTo(20, 3);
    expect(Math.abs(heading(leaning).turn)).toBeLessThan(0.02);
  });
});

it("boxes overlap by their share", () => {
  expect(overlap(face(), face())).toBeCloseTo(1, 6);
  expect(overlap(face(), face({ left: 160 }))).toBeCloseTo(1 / 3, 6);
  expect(overlap(face(), face({ left: 300 }))).toBe(0);
});

it("a face is enlarged as a whole", () => {
  const large = enlarged(face(), 4);
  expect([large.left, large.top, large.width, large.height]).toEqual([500, 180, 280, 360]);
  expect(large.nose).toEqual({ x: 640, y: 388 });
  expect(heading(large)).toEqual(heading(face()));
});
