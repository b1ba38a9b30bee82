/** Show the way in without a face: a PIN and a QR code, this once. */

import { byId, element, save } from "../shared/dom.js";
import { qrSvg } from "../shared/qr.js";
import { t } from "../shared/texts.js";

export interface OtherWay {
  pin: string;
  qr: string;
}

/**
 * @param place id of an element to fill
 * @param otherWay null: the person has theirs already
 */
export function showOtherWay(place: string, otherWay: OtherWay | null): void {
  const target = byId(place);
  if (otherWay === null) {
    target.replaceChildren(element("p", {}, t("way.stays")));
    return;
  }
  const code = element("div", { class: "qr" });
  const words = element(
    "div",
    {},
    element("p", { class: "soft", id: `${place}-pin` }, t("way.pin")),
    element("output", { class: "pin", dir: "ltr", "aria-labelledby": `${place}-pin`, "data-pin": "" }, otherWay.pin),
    element("p", {}, t("way.use")),
    element("p", {}, element("b", {}, t("way.once")), ` ${t("way.keep")}`),
  );
  target.replaceChildren(element("div", { class: "other-way" }, words, code));
  const qr = element("pre", { "data-qr": "", dir: "ltr" }, otherWay.qr);
  const text = element("details", {}, element("summary", {}, t("way.qr.text")), qr);
  try {
    const svg = qrSvg(otherWay.qr, t("way.qr"));
    code.append(svg);
    const print = element("button", { type: "button" }, t("way.print"));
    print.addEventListener("click", () => window.print());
    const keep = element("button", { type: "button" }, t("way.qr.save"));
    keep.addEventListener("click", () => save("visavis-qr.svg", picture(svg)));
    target.append(element("div", { class: "actions" }, keep, print));
  } catch {
    text.setAttribute("open", "");
    code.remove();
  }
  target.append(text);
}

function picture(svg: SVGSVGElement): Blob {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x: "-4", y: "-4", width: "100%", height: "100%", fill: "#fff" })) {
    ground.setAttribute(name, value);
  }
  copy.prepend(ground);
  copy.setAttribute("width", "450");
  copy.setAttribute("height", "450");
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
}
