import { describe, expect, it } from "vitest";

import { Catalogue, type Key } from "../src/shared/catalogue.js";

const TEXTS = { a: "{who} of {many}", "b.one": "{n} day", "b.other": "{n} days", "c.few": "{n} few", "c.other": "{n}" };
const key = (name: string): Key => name as Key;

describe("a catalogue", () => {
  it("fills in what is given, numbers as the language writes them", () => {
    expect(new Catalogue(TEXTS, "en-GB").t(key("a"), { who: "{many}", many: 1234 })).toBe("{many} of 1,234");
    expect(new Catalogue(TEXTS, "de").t(key("a"), { who: "x", many: 1234 })).toBe("x of 1.234");
  });

  it("counts as the language counts, and as others do where it has no form", () => {
    const english = new Catalogue(TEXTS, "en-GB");
    expect([0, 1, 2].map((n) => english.t(key("b"), { n }))).toEqual(["0 days", "1 day", "2 days"]);
    const polish = new Catalogue(TEXTS, "pl");
    expect([2, 5].map((n) => polish.t(key("c"), { n }))).toEqual(["2 few", "5"]);
    expect(polish.t(key("b"), { n: 2 })).toBe("2 days");
  });

  it("says which text is missing, and which value", () => {
    const english = new Catalogue(TEXTS, "en-GB");
    expect(() => english.t(key("z"))).toThrow("z");
    expect(() => english.t(key("a"), { who: "x" })).toThrow("many");
    expect(() => english.t(key("b"))).toThrow("b");
    expect(english.find("z")).toBeNull();
  });
});
