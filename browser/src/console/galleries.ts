/** The galleries, and how full they are. */

import { byId, element } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { count } from "./figures.js";
import type { Section } from "./section.js";

export interface Gallery {
  id: string;
  name: string;
  purpose_id: string;
  references: number;
  capacity: number | null;
  bound: string | null;
}

export const section: Section = {
  async open(visit) {
    const galleries = await visit.all<Gallery>("/v1/galleries");
    byId("no-galleries").hidden = galleries.length > 0;
    byId("galleries").replaceChildren(...galleries.map(item));
  },
};

function item({ id, name, references, capacity }: Gallery): HTMLLIElement {
  const size =
    capacity === null ? count(references) : t("console.rates.of", { now: count(references), most: count(capacity) });
  const link = element(
    "a",
    { href: `#/rates/${id}`, "aria-label": `${t("console.rates")}: ${name}` },
    t("console.rates"),
  );
  return element(
    "li",
    {},
    element("p", {}, element("b", {}, name), " ", element("code", { class: "soft" }, id)),
    element("p", {}, `${t("console.rates.references")}: ${size} · `, link),
  );
}
