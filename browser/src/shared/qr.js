// @ts-check
/**
 * A QR code of one size, for one use: version 5, level M, up to 84 bytes (ISO/IEC 18004:2024). Drawn here, since
 * the text in it is a secret and no picture service may see it.
 */

import { utf8 } from "../crypto/bytes.js";

const SIZE = 37;
const DATA = 86;
const BLOCKS = 2;
const CORRECTION = 24;
const ALIGNMENT = 30;
export const MOST_BYTES = DATA - 2;

/** @typedef {number[][]} Grid rows of 0 and 1; -1 where nothing was placed yet */

/** Product in GF(256) with the polynomial x⁸+x⁴+x³+x²+1. @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** Reed–Solomon correction of one block (§7.5.2). @param {number[]} block */
function correction(block) {
  const divisor = Array(CORRECTION).fill(0);
  divisor[CORRECTION - 1] = 1;
  for (let i = 0, root = 1; i < CORRECTION; i++, root = times(root, 2)) {
    for (let j = 0; j < CORRECTION; j++) divisor[j] = times(divisor[j], root) ^ (divisor[j + 1] ?? 0);
  }
  const rest = Array(CORRECTION).fill(0);
  for (const byte of block) {
    const factor = byte ^ Number(rest.shift());
    rest.push(0);
    divisor.forEach((coefficient, i) => (rest[i] ^= times(coefficient, factor)));
  }
  return rest;
}

/** Mode, length, bytes, padding; cut into blocks; interleaved with their correction. @param {Uint8Array} bytes */
function codewords(bytes) {
  const nibbles = [4, bytes.length >> 4, bytes.length & 15];
  for (const byte of bytes) nibbles.push(byte >> 4, byte & 15);
  nibbles.push(0);
  const data = [];
  for (let i = 0; i < nibbles.length; i += 2) data.push((nibbles[i] << 4) | nibbles[i + 1]);
  for (let pad = 0xec; data.length < DATA; pad ^= 0xec ^ 0x11) data.push(pad);
  const length = DATA / BLOCKS;
  const blocks = [data.slice(0, length), data.slice(length)];
  const interleave = (/** @type {number[][]} */ parts) => parts[0].flatMap((_, i) => parts.map((part) => part[i]));
  return [...interleave(blocks), ...interleave(blocks.map(correction))];
}

/** Finders, timing, alignment and the room for the format. @returns {Grid} */
function frame() {
  const grid = Array.from({ length: SIZE }, () => Array(SIZE).fill(-1));
  for (let i = 0; i < SIZE; i++) grid[6][i] = grid[i][6] = (i + 1) % 2;
  const rings = (/** @type {number} */ y, /** @type {number} */ x, /** @type {number} */ radius, /** @type {number[]} */ dark) => {
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        if (grid[y + dy]?.[x + dx] !== undefined) {
          grid[y + dy][x + dx] = Number(dark.includes(Math.max(Math.abs(dx), Math.abs(dy))));
        }
      }
    }
  };
  for (const [y, x] of [[3, 3], [3, SIZE - 4], [SIZE - 4, 3]]) rings(y, x, 4, [0, 1, 3]);
  rings(ALIGNMENT, ALIGNMENT, 2, [0, 2]);
  placeFormat(grid, 0);
  return grid;
}

/** Level M and the mask, twice (§7.9). @param {Grid} grid @param {number} mask */
function placeFormat(grid, mask) {
  let rest = mask << 10;
  for (let bit = 14; bit >= 10; bit--) if ((rest >> bit) & 1) rest ^= 0x537 << (bit - 10);
  const format = ((mask << 10) | rest) ^ 0x5412;
  for (let i = 0; i < 15; i++) {
    const bit = (format >> i) & 1;
    if (i < 8) {
      grid[i < 6 ? i : i + 1][8] = bit;
      grid[8][SIZE - 1 - i] = bit;
    } else {
      grid[8][i === 8 ? 7 : 14 - i] = bit;
      grid[SIZE - 15 + i][8] = bit;
    }
  }
  grid[SIZE - 8][8] = 1;
}

/** @type {((y: number, x: number) => number)[]} */
const MASKS = [
  (y, x) => (y + x) % 2,
  (y) => y % 2,
  (_, x) => x % 3,
  (y, x) => (y + x) % 3,
  (y, x) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2,
  (y, x) => ((y * x) % 2) + ((y * x) % 3),
  (y, x) => (((y * x) % 2) + ((y * x) % 3)) % 2,
  (y, x) => (((y + x) % 2) + ((y * x) % 3)) % 2,
];

/** @param {number[]} words @param {number} mask @returns {Grid} */
function masked(words, mask) {
  const grid = frame();
  let at = 0;
  for (let right = SIZE - 1; right > 0; right -= right === 8 ? 3 : 2) {
    const upward = ((SIZE - 1 - (right < 6 ? right + 1 : right)) / 2) % 2 === 0;
    for (let step = 0; step < SIZE; step++) {
      const y = upward ? SIZE - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (grid[y][x] !== -1) continue;
        const bit = ((words[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
        grid[y][x] = bit ^ Number(MASKS[mask](y, x) === 0);
        at++;
      }
    }
  }
  placeFormat(grid, mask);
  return grid;
}

/** How hard a code is to scan (§7.8.3): runs, blocks, look-alikes of finders, imbalance. @param {Grid} grid */
function penalty(grid) {
  const columns = grid.map((_, x) => grid.map((row) => row[x]));
  let sum = 0;
  for (const line of [...grid, ...columns]) {
    const text = line.join("");
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
    for (let i = 0; i + 11 <= SIZE; i++) {
      if (["10111010000", "00001011101"].includes(text.slice(i, i + 11))) sum += 40;
    }
  }
  for (let y = 1; y < SIZE; y++) {
    for (let x = 1; x < SIZE; x++) {
      const block = grid[y][x] + grid[y][x - 1] + grid[y - 1][x] + grid[y - 1][x - 1];
      if (block % 4 === 0) sum += 3;
    }
  }
  const dark = grid.flat().reduce((a, b) => a + b) / (SIZE * SIZE);
  return sum + 10 * Math.floor(Math.abs(dark * 100 - 50) / 5);
}

/**
 * The code as rows of 0 (light) and 1 (dark), without the quiet zone.
 * @param {string} text at most 84 bytes of UTF-8
 * @param {number} [mask] which mask, 0 to 7; the one that scans best if not given
 * @returns {Grid}
 * @throws {RangeError} the text is too long
 */
export function qrGrid(text, mask) {
  const bytes = utf8(text);
  if (bytes.length > MOST_BYTES) throw new RangeError(`A QR code holds ${MOST_BYTES} bytes here.`);
  const words = codewords(bytes);
  if (mask !== undefined) return masked(words, mask);
  const grids = MASKS.map((_, i) => masked(words, i));
  return grids.reduce((best, grid) => (penalty(grid) < penalty(best) ? grid : best));
}

/** The code as an SVG element with its quiet zone, black on white. @param {string} text @param {string} label */
export function qrSvg(text, label) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  const rows = qrGrid(text);
  svg.setAttribute("viewBox", `-4 -4 ${SIZE + 8} ${SIZE + 8}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  path.setAttribute("d", rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join(""));
  svg.append(path);
  return svg;
}
