/** Charts in the page: a picture that is as wide as its place, what its lines mean, and the same as a table. */

import { element } from "../shared/dom.js";
import { t } from "../shared/texts.js";
import { type Chart, type Layout, layout, type Look } from "./chart.js";

/** What the picture shows, for who does not see it, or wants the numbers. */
export interface Table {
  heads: readonly string[];
  rows: readonly (readonly string[])[];
}

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 640;

function svg(tag: string, attributes: Readonly<Record<string, string | number>>, text = ""): SVGElement {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.textContent = text;
  return made;
}

const lineFrom = (x1: number, y1: number, x2: number, y2: number, className: string): SVGElement =>
  svg("line", { x1, y1, x2, y2, class: className });

/** The picture at one width. */
function picture(chart: Chart, width: number): SVGElement {
  const at = layout(chart, width);
  const whole = svg("svg", { viewBox: `0 0 ${at.width} ${at.height}`, role: "img", "aria-label": chart.title });
  whole.append(...grid(chart, at), ...at.bands.map(({ look, d }) => svg("path", { d, class: `chart-band ${look}` })));
  whole.append(...at.lines.map(({ look, d }) => svg("path", { d, class: `chart-line ${look}` })));
  whole.append(
    ...at.marks.map(({ along, at: place }) =>
      along === "x"
        ? lineFrom(place, at.top, place, at.bottom, "chart-mark")
        : lineFrom(at.left, place, at.right, place, "chart-mark"),
    ),
    // After all lines: a line that crosses a name goes behind it.
    ...at.marks.map(({ name, textX, textY, anchor }) =>
      svg("text", { x: textX, y: textY, "text-anchor": anchor, class: "chart-name" }, name),
    ),
  );
  return whole;
}

function grid(chart: Chart, { left, right, bottom, height, xTicks, yTicks }: Layout): SVGElement[] {
  return [
    ...yTicks.flatMap((tick) => [
      lineFrom(left, tick.at, right, tick.at, "chart-grid"),
      svg("text", { x: left - 8, y: tick.at + 4, "text-anchor": "end", class: "chart-dim" }, tick.text),
    ]),
    ...xTicks.flatMap((tick) => [
      lineFrom(tick.at, bottom, tick.at, bottom + 5, "chart-edge"),
      svg("text", { x: tick.at, y: bottom + 19, "text-anchor": "middle", class: "chart-dim" }, tick.text),
    ]),
    lineFrom(left, bottom, right, bottom, "chart-edge"),
    svg("text", { x: (left + right) / 2, y: height - 6, "text-anchor": "middle", class: "chart-dim" }, chart.x.label),
    svg("text", { x: 4, y: 13, class: "chart-dim" }, chart.y.label),
  ];
}

function legend(chart: Chart): HTMLElement {
  const swatch = (look: Look): SVGElement => {
    const made = svg("svg", { viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" });
    made.append(svg("path", { d: "M1 5H27", class: `chart-line ${look}` }));
    return made;
  };
  const items = chart.series.map(({ name, look }) => {
    const item = element("li", {});
    item.append(swatch(look), ` ${name}`);
    return item;
  });
  return element("ul", { class: "chart-legend" }, ...items);
}

/** A table that scrolls by itself where it is too wide. */
export function tableOf({ heads, rows }: Table, label: string): HTMLElement {
  const cells = rows.map((row) =>
    element(
      "tr",
      {},
      ...row.map((text, at) => (at === 0 ? element("th", { scope: "row" }, text) : element("td", {}, text))),
    ),
  );
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const table = element(
    "table",
    {},
    element("caption", { class: "unseen" }, label),
    element("thead", {}, head),
    element("tbody", {}, ...cells),
  );
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label }, table);
}

/**
 * A chart. It is drawn anew when its place gets wider or narrower, until it is taken out.
 * @param says in a sentence what is to be seen
 */
export function chartOf(chart: Chart, table: Table, says: string): HTMLElement {
  const place = element("div", { class: "chart", dir: "ltr" });
  let drawn = 0;
  const draw = (width: number): void => {
    if (width === drawn) return;
    drawn = width;
    place.replaceChildren(picture(chart, width));
  };
  draw(WIDTH);
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry?.contentRect.width ?? 0);
    if (width > 0) draw(width);
  }).observe(place);
  const numbers = element("details", {}, element("summary", {}, t("console.chart.table")), tableOf(table, chart.title));
  const caption = element("figcaption", {}, element("p", { class: "soft" }, says));
  return element("figure", {}, element("h3", {}, chart.title), place, legend(chart), caption, numbers);
}
