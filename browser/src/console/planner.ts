/** The planner, beginning with what a gallery is now. */

import { byId } from "../shared/dom.js";
import { planned, startPlanner } from "../shared/planner.js";
import { t } from "../shared/texts.js";
import type { Gallery } from "./galleries.js";
import { choose, type Detail } from "./rates.js";
import type { Section, Visit } from "./section.js";

const PARTS = ["form", "said", "result"];

export const section: Section = {
  async open(visit) {
    const query = await begin(visit);
    const page = await planned(query);
    visit.signal.throwIfAborted();
    const parts = PARTS.map((id) => page?.getElementById(id) ?? null).filter((part) => part !== null);
    if (parts.length < PARTS.length) throw new Error(t("plan.unanswered"));
    byId("planner-plan").replaceChildren(...parts.map((part) => document.adoptNode(part)));
    startPlanner(() => undefined, visit.signal);
  },
};

/** What is asked first: the gallery of the address, or the first, where any may be seen. */
async function begin(visit: Visit): Promise<URLSearchParams> {
  const mayChoose = visit.may("admin", "operate", "audit");
  const galleries = mayChoose ? await visit.all<Gallery>("/v1/galleries") : [];
  const chosen = visit.rest[0] ?? galleries[0]?.id;
  byId("planner-chosen").hidden = galleries.length === 0;
  if (!mayChoose || chosen === undefined) return new URLSearchParams();
  choose(galleries, chosen, "planner");
  return asPlan(await visit.ask<Detail>("GET", `/v1/galleries/${encodeURIComponent(chosen)}`));
}

/** A gallery in the planner's words. How many people there are is known once they were measured. */
function asPlan({ references, own, target_kind, target, max_fnmr }: Detail): URLSearchParams {
  const people = Math.max(1, own?.people ?? references);
  const each = Math.min(100, Math.max(1, Math.round(references / people)));
  return new URLSearchParams({
    people: String(people),
    references_each: String(each),
    aim: target_kind,
    value: inPercent(target),
    max_fnmr: inPercent(max_fnmr),
  });
}

const inPercent = (share: number): string => `${Number((share * 100).toPrecision(6))}%`;
