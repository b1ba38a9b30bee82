import { describe, expect, it } from "vitest";

import { chosen, Guide, INSTRUCTIONS, type Instruction, instruct, oval, POSES, type Seen } from "../src/capture/guide.js";
import { face, seen, turned } from "./made.js";

describe("an instruction", () => {
  it.each<[Instruction, Partial<Seen>]>([
    ["black", { faces: [], brightest: 5, light: 2 }],
    ["nobody", { faces: [] }],
    ["dark", { faces: [], light: 20 }],
    ["several", { faces: [face(), face({ left: 230, width: 40 })] }],
    ["closer", { faces: [face({ left: 145, width: 30, height: 40 })] }],
    ["back", { faces: [face({ left: 90, top: 10, width: 140, height: 160 })] }],
    ["centre", { faces: [face({ left: 20 })] }],
    ["dark", { light: 30 }],
    ["bright", { light: 240 }],
    ["still", { speed: 0.8 }],
    ["blurred", { sharpness: 0.001 }],
    ["hold", {}],
    ["hold", { sharpness: null, speed: null }],
    ["unguided", { faces: null }],
    ["dark", { faces: null, light: 20 }],
    ["black", { faces: null, brightest: 5 }],
  ])("is %s", (said, what) => {
    expect(instruct(seen(what), "straight")).toBe(said);
  });

  it("asks for the pose", () => {
    const with_ = (turn: number): Seen => seen({ faces: [turned(turn)] });
    expect(instruct(with_(0), "straight")).toBe("hold");
    expect(instruct(with_(0.3), "straight")).toBe("straight");
    expect(instruct(with_(-0.3), "straight")).toBe("straight");
    expect(instruct(with_(0), "left")).toBe("left");
    expect(instruct(with_(0.3), "left")).toBe("hold");
    expect(instruct(with_(-0.3), "left")).toBe("left");
    expect(instruct(with_(-0.3), "right")).toBe("hold");
    expect(instruct(with_(0.3), "right")).toBe("right");
    expect(instruct(with_(0.7), "left")).toBe("straight");
  });

  it("says first what has to be done first", () => {
    // Somebody far away, in the dark, moving: coming closer helps with all of it.
    expect(instruct(seen({ faces: [face({ width: 30 })], light: 20, speed: 2 }), "left")).toBe("closer");
  });

  it("does not take back a good word for a hair", () => {
    const edge = seen({ light: 50 });
    expect(instruct(edge, "straight")).toBe("dark");
    expect(instruct(edge, "straight", "hold")).toBe("hold");
    expect(instruct(seen({ light: 30 }), "straight", "hold")).toBe("dark");
  });

  it("leaves smaller faces in the background alone", () => {
    const { face: found, several } = chosen([face({ width: 30 }), face(), face({ width: 34 })]);
    expect([found?.width, several]).toEqual([70, false]);
    expect(chosen([face({ width: 35 }), face()]).several).toBe(true);
    expect(chosen([])).toEqual({ face: null, several: false });
  });
});

it("the oval fits a picture of any shape", () => {
  for (const [width, height] of [[1280, 720], [720, 1280], [640, 480], [1000, 1000]] as const) {
    const size = oval({ width, height });
    expect(size.width).toBeLessThan(width * 0.8);
    expect(size.height).toBeLessThan(height * 0.8);
  }
});

describe("the guide", () => {
  const good = seen();
  const dark = seen({ light: 20 });
  const far = seen({ faces: [face({ left: 145, width: 30, height: 40 })] });
  const run = (guide: Guide, what: Seen, from: number, to: number): Instruction[] => {
    const said: Instruction[] = [];
    for (let now = from; now < to; now += 100) said.push(guide.heard(what, "straight", now));
    return said;
  };

  it("says something at once", () => {
    expect(new Guide().heard(dark, "straight", 0)).toBe("dark");
  });

  it("does not flicker between two things", () => {
    const guide = new Guide();
    const said = Array.from({ length: 100 }, (_, n) => guide.heard(n % 2 === 0 ? dark : far, "straight", n * 100));
    expect(new Set(said)).toEqual(new Set(["dark"]));
  });

  it("lets a sentence be read before the next one", () => {
    const guide = new Guide();
    run(guide, dark, 0, 100);
    expect(run(guide, far, 100, 900)).not.toContain("closer");
    expect(run(guide, far, 900, 1100)).toContain("closer");
  });

  it("tells of success as soon as it is one", () => {
    const guide = new Guide();
    run(guide, dark, 0, 100);
    expect(run(guide, good, 100, 600).at(-1)).toBe("hold");
  });

  it("is ready when all was well for long enough, and not before", () => {
    const guide = new Guide();
    guide.heard(good, "straight", 0);
    guide.heard(good, "straight", 600);
    expect(guide.isReady(600, 700)).toBe(false);
    expect(guide.isReady(700, 700)).toBe(true);
  });

  it("counts from the beginning after a bad moment", () => {
    const guide = new Guide();
    guide.heard(good, "straight", 0);
    guide.heard(dark, "straight", 600);
    guide.heard(good, "straight", 700);
    expect(guide.isReady(1300, 700)).toBe(false);
    expect(guide.isReady(1400, 700)).toBe(true);
    guide.forget();
    expect(guide.isReady(9999, 0)).toBe(false);
  });
});

it("every pose is an instruction too", () => {
  for (const pose of POSES) expect(INSTRUCTIONS).toContain(pose);
});
