/** Whether the transparency log checks out: here, against what this browser saw before, and how anybody else checks it. */

import { hex } from "../crypto/bytes.js";
import { checkLog, type Seen, type State } from "../log/log-state.js";
import { Problem } from "../server/api.js";
import { byId, complain, element, saveJson } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { day, dayAndTime } from "../shared/words.js";
import { count, fact } from "./figures.js";
import type { Section, Visit } from "./section.js";

/** Kept until the tab is closed. The log is public: nothing of it is a secret. */
const KEPT = "visavis-log";

export const section: Section = {
  async open(visit) {
    const place = byId("log-again");
    place.replaceChildren(visit.button(t("console.log.again"), () => check(visit)));
    await check(visit);
  },
};

function kept(): Seen | null {
  try {
    const seen = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    return typeof seen?.note === "string" && typeof seen.key === "string" && typeof seen.at === "string" ? seen : null;
  } catch {
    return null;
  }
}

/** Check, and say so. What was seen last is kept only where it checked out. */
async function check(visit: Visit): Promise<void> {
  const before = kept();
  byId("log-wrong").hidden = byId("log-right").hidden = true;
  try {
    const state = await checkLog(before);
    visit.signal.throwIfAborted();
    sessionStorage.setItem(KEPT, JSON.stringify(state.seen));
    tell(state, before);
  } catch (error) {
    // What could not be read was not shown to be wrong.
    if (visit.signal.aborted || !(error instanceof Problem) || error.evidence === null) throw error;
    cry(error);
  }
}

function tell(state: State, before: Seen | null): void {
  const { tree, key, newest, others, seen } = state;
  byId("log-right").hidden = false;
  byId("log-when").textContent = t("console.log.right.at", { time: dayAndTime(seen.at) });
  byId("log-facts").replaceChildren(
    fact(t("console.log.name"), element("code", { dir: "ltr" }, key.name)),
    fact(
      t("console.log.size"),
      t("console.log.entries", { n: tree.size }),
      newest === null ? "" : t("console.log.newest", { day: day(newest.day) }),
    ),
    fact(t("console.log.before"), before === null ? t("console.log.before.none") : grown(before, tree.size)),
    fact(t("console.log.root"), element("code", { dir: "ltr" }, hex(tree.root))),
    fact(t("console.log.key"), element("code", { dir: "ltr" }, key.line), t("console.log.key.says")),
    fact(
      t("console.log.others"),
      others.length === 0 ? t("console.log.others.none") : others.join(", "),
      others.length === 0 ? "" : t("console.log.others.says"),
    ),
  );
  const address = `${location.origin}/log`;
  byId("log-command").textContent = `visavis audit verify ${address} --log-key "${key.line}" --remember log.json`;
}

function grown({ note, at }: Seen, size: number): string {
  const old = Number(note.split("\n")[1]);
  const values = { n: old, time: dayAndTime(at) };
  return old === size
    ? t("console.log.before.same", values)
    : t("console.log.before.grown", { ...values, more: count(size - old) });
}

/** It does not check out: say so loudly, and give the evidence. */
function cry(problem: Problem): void {
  const place = byId("log-wrong");
  complain(byId("log-why"), problem);
  place.hidden = false;
  const keep = element("button", { type: "button", class: "main" }, t("console.log.evidence"));
  keep.addEventListener("click", () =>
    saveJson("visavis-log-evidence.json", { code: problem.code, detail: problem.message, ...Object(problem.evidence) }),
  );
  byId("log-keep").replaceChildren(keep);
}
