/** QR codes (ISO/IEC 18004), drawn in this browser, since the text in them is a secret and no picture service may see it. */

import { encode } from "uqr";

/** Rows of dark and light, without the quiet zone; which version and mask they are. */
export interface Code {
  version: number;
  mask: number;
  rows: boolean[][];
}

/** Level M survives a fold in the paper. */
const LEVEL = "M";
/** Modules of light around a code that scanners ask for. */
const QUIET = 4;

/**
 * @param mask which mask, 0 to 7; the one that scans best if not given
 * @throws {RangeError} the text is too long for any code
 */
export function qrCode(text: string, mask = -1): Code {
  const { version, maskPattern, data } = encode(text, { ecc: LEVEL, boostEcc: false, border: 0, maskPattern: mask });
  return { version, mask: maskPattern, rows: data };
}

/** The dark modules as one path, in modules from the top left one. */
export const qrPath = ({ rows }: Code): string =>
  rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");

/** The code as an SVG element with its quiet zone, black on white. */
export function qrSvg(text: string, label: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  const code = qrCode(text);
  const side = code.rows.length + 2 * QUIET;
  svg.setAttribute("viewBox", `${-QUIET} ${-QUIET} ${side} ${side}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  path.setAttribute("d", qrPath(code));
  svg.append(path);
  return svg;
}
