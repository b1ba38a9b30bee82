/** Who read about people, and why. To look at it is entered as well; there is no list by person (rule S5). */

import { byId, element, ofKind } from "../shared/dom.js";
import { find, t } from "../shared/texts.js";
import { dayAndTime, plain } from "../shared/words.js";
import type { Gallery } from "./galleries.js";
import { listReasonIn, offerReason } from "./reason.js";
import type { Section, Visit } from "./section.js";

interface Reading {
  id: string;
  kind: string;
  /** Null where the record was tampered with. */
  key_name: string | null;
  subject_id: string | null;
  reason: string | null;
  read_at: string;
}

interface Page {
  items: Reading[];
  next: string | null;
}

interface Purpose {
  id: string;
  name: string;
}

const PAGE = "50";

export const section: Section = {
  async open(visit) {
    const galleries = await visit.all<Gallery>("/v1/galleries");
    // Document checks belong to a purpose; its door is for who is there for all galleries.
    const purposes = visit.me.gallery_ids === null ? await visit.all<Purpose>("/v1/purposes") : [];
    const box = ofKind(HTMLSelectElement, "readings-of");
    box.append(...galleries.map(({ id, name }) => element("option", { value: `gallery_id=${id}` }, name)));
    for (const { id, name } of purposes) {
      box.append(element("option", { value: `purpose_id=${id}` }, t("console.readings.checks", { purpose: name })));
    }
    byId("readings-nowhere").hidden = box.length > 0;
    byId("readings-form").hidden = box.length === 0;
    offerReason(visit, "readings-reason");
    visit.onSend(ofKind(HTMLFormElement, "readings-form"), () => list(visit, box.value));
  },
};

async function list(visit: Visit, of: string): Promise<void> {
  const reason = listReasonIn(visit, "readings-reason");
  const found: Reading[] = [];
  const further = async (after: string | null): Promise<void> => {
    const query = new URLSearchParams(of);
    query.set("limit", PAGE);
    if (after !== null) query.set("after", after);
    const { items, next } = await visit.ask<Page>("GET", `/v1/readings?${query}`, { reason });
    found.push(...items);
    byId("readings").replaceChildren(...found.map(item));
    const more = next === null ? [] : [visit.button(t("console.more"), () => further(next))];
    byId("readings-more").replaceChildren(...more);
  };
  await further(null);
  byId("readings-list").hidden = false;
  byId("readings-none").hidden = found.length > 0;
  byId("readings-title").focus();
}

function item({ kind, key_name, subject_id, reason, read_at }: Reading): HTMLLIElement {
  const what = find(`console.reading.kind.${kind}`) ?? plain(kind);
  const whom = subject_id === null ? [] : [" ", element("code", { class: "soft" }, subject_id)];
  return element(
    "li",
    {},
    element("p", {}, element("b", {}, key_name ?? t("console.readings.damaged")), ` · ${dayAndTime(read_at)}`),
    element("p", {}, what, ...whom),
    element(
      "p",
      { class: "soft" },
      reason === null ? t("console.readings.damaged") : t("console.readings.because", { reason }),
    ),
  );
}
