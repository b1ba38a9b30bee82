// @ts-check
/** Tiles (C2SP tlog-tiles) from a server that is not believed: that a log still begins with what it showed before. */

import { Problem } from "../server/api.js";
import { nodeHash, refusal, same } from "./log.js";

const WIDTH = 256;
const HASH_BYTES = 32;

/** @typedef {(path: string) => Promise<Uint8Array>} Fetch gives what lies at a path, or throws `log_resource_missing` */

/** @param {number} index */
function indexPath(index) {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return groups.join("/");
}

/** The root over a power of two of hashes. @param {Uint8Array<ArrayBuffer>[]} hashes */
async function subtree(hashes) {
  let row = hashes;
  while (row.length > 1) {
    row = await Promise.all(
      Array.from({ length: row.length / 2 }, (_, at) => nodeHash(row[2 * at], row[2 * at + 1])),
    );
  }
  return row[0];
}

/** The tiles of one tree. A full tile is believed when it makes what the one above says; the others make the root. */
class Tiles {
  /** @param {import("./log.js").Checkpoint} tree @param {Fetch} fetchTile */
  constructor(tree, fetchTile) {
    this.tree = tree;
    this.fetchTile = fetchTile;
    /** @type {Map<string, Promise<Uint8Array<ArrayBuffer>[]>>} */
    this.known = new Map();
  }

  /** @param {number} level @param {number} index @returns {Promise<Uint8Array<ArrayBuffer>[]>} */
  hashes(level, index) {
    const name = `${level}/${index}`;
    const known = this.known.get(name) ?? this.checked(level, index);
    this.known.set(name, known);
    return known;
  }

  /** @param {number} level @param {number} index */
  async checked(level, index) {
    const width = Math.min(WIDTH, Math.floor(this.tree.size / WIDTH ** level) - index * WIDTH);
    const hashes = await this.fetched(level, index, width);
    if (width === WIDTH) {
      const above = await this.hashes(level + 1, Math.floor(index / WIDTH));
      if (!same(await subtree(hashes), above[index % WIDTH])) throw wrong();
    }
    return hashes;
  }

  /** @param {number} level @param {number} index @param {number} width */
  async fetched(level, index, width) {
    const path = `tile/${level}/${indexPath(index)}`;
    let data;
    let expected = width;
    try {
      data = await this.fetchTile(width === WIDTH ? path : `${path}.p/${width}`);
    } catch (error) {
      // A log may drop what is not full as soon as there is the full one.
      if (width === WIDTH || !(error instanceof Problem) || error.code !== "log_resource_missing") throw error;
      data = await this.fetchTile(path);
      expected = WIDTH;
    }
    if (data.length !== expected * HASH_BYTES) {
      throw refusal("tile_malformed", "The log serves something that its checkpoint does not promise.");
    }
    return Array.from({ length: width }, (_, at) => data.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  }

  /** The root of the first `size` entries. @param {number} size */
  async rootOf(size) {
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const parts = [];
    let begin = 0;
    for (let level = 52; level >= 0; level--) {
      const count = 2 ** level;
      if (Math.floor(size / count) % 2 === 0) continue;
      parts.push(await this.perfect(level, begin / count));
      begin += count;
    }
    let root = /** @type {Uint8Array<ArrayBuffer>} */ (parts.pop());
    for (const left of parts.reverse()) root = await nodeHash(left, root);
    return root;
  }

  /** The root of the perfect subtree of `2**level` entries at `index`. @param {number} level @param {number} index */
  async perfect(level, index) {
    const below = level % 8;
    const first = index * 2 ** below;
    const hashes = await this.hashes((level - below) / 8, Math.floor(first / WIDTH));
    return subtree(hashes.slice(first % WIDTH, (first % WIDTH) + 2 ** below));
  }
}

const wrong = () => refusal("tile_wrong", "The parts of the log do not make the tree that it signed.");

/**
 * That a tree begins with one that was seen before.
 *
 * 1. It is not smaller. 2. Of one size they are one tree. 3. The tiles are this tree's. 4. They make the older root.
 *
 * @param {import("./log.js").Checkpoint} older
 * @param {import("./log.js").Checkpoint} newer
 * @param {Fetch} fetchTile
 * @throws {Problem} `checkpoint_stale` (1), `log_forked` (2, 4), `tile_malformed`, `tile_wrong` (3)
 */
export async function requireBeginsWith(older, newer, fetchTile) {
  if (older.size > newer.size) {
    throw refusal(
      "checkpoint_stale",
      `The log shows ${newer.size} entries, and has shown ${older.size} before. It forgot some.`,
      "Try again later. If it stays, save what the server sent and show it, with your receipt, to an auditor.",
    );
  }
  const forked = () => refusal("log_forked", "The log tells another story than it told you before.");
  if (older.size === newer.size) {
    if (!same(older.root, newer.root)) throw forked();
    return;
  }
  if (older.size === 0) return;
  const tiles = new Tiles(newer, fetchTile);
  if (!same(await tiles.rootOf(newer.size), newer.root)) throw wrong();
  if (!same(await tiles.rootOf(older.size), older.root)) throw forked();
}
