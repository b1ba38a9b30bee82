// @ts-check
/** Show the way in without a face: a PIN and a QR code, this once. */

import { byId, element, save } from "../shared/dom.js";
import { qrSvg } from "../shared/qr.js";

/**
 * @param {string} place id of an element to fill
 * @param {{pin: string, qr: string} | null} otherWay null: the person has theirs already
 */
export function showOtherWay(place, otherWay) {
  const target = byId(place);
  if (otherWay === null) {
    target.replaceChildren(element("p", {}, "Your PIN and QR code stay as they were."));
    return;
  }
  const code = element("div", { class: "qr" });
  const words = element(
    "div",
    {},
    element("p", { class: "soft", id: `${place}-pin` }, "Your PIN"),
    element("output", { class: "pin", "aria-labelledby": `${place}-pin`, "data-pin": "" }, otherWay.pin),
    element("p", {}, "Any station takes the PIN with your name, or the QR code alone."),
    element("p", {}, element("b", {}, "They are shown only now."), " Note or print them. Show them to nobody else."),
  );
  target.replaceChildren(element("div", { class: "other-way" }, words, code));
  const text = element("details", {}, element("summary", {}, "The QR code as text"), element("pre", { "data-qr": "" }, otherWay.qr));
  try {
    const svg = qrSvg(otherWay.qr, "Your QR code");
    code.append(svg);
    const print = element("button", { type: "button" }, "Print this page");
    print.addEventListener("click", () => window.print());
    const keep = element("button", { type: "button" }, "Save the QR code");
    keep.addEventListener("click", () => save("visavis-qr.svg", picture(svg)));
    target.append(element("div", { class: "actions" }, keep, print));
  } catch {
    text.setAttribute("open", "");
    code.remove();
  }
  target.append(text);
}

/** @param {SVGSVGElement} svg */
function picture(svg) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x: "-4", y: "-4", width: "100%", height: "100%", fill: "#fff" })) {
    ground.setAttribute(name, value);
  }
  copy.prepend(ground);
  copy.setAttribute("width", "450");
  copy.setAttribute("height", "450");
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
}
