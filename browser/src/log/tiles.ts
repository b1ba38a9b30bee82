/** Tiles (C2SP tlog-tiles) from a server that is not believed: that a log still begins with what it showed before. */

import type { Bytes } from "../crypto/bytes.js";
import { Problem } from "../server/problem.js";
import { t } from "../shared/texts.js";
import { type Checkpoint, type Entry, leafHash, nodeHash, readEntry, refusal, same } from "./log.js";

const WIDTH = 256;
const HASH_BYTES = 32;

/** Gives what lies at a path, or throws `log_resource_missing`. */
export type Fetch = (path: string) => Promise<Bytes>;

function indexPath(index: number): string {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return groups.join("/");
}

/** The root over a power of two of hashes. */
async function subtree(hashes: Bytes[]): Promise<Bytes> {
  let row = hashes;
  while (row.length > 1) {
    const pairs: Promise<Bytes>[] = [];
    row.forEach((right, place) => {
      const left = row[place - 1];
      if (place % 2 === 1 && left !== undefined) pairs.push(nodeHash(left, right));
    });
    row = await Promise.all(pairs);
  }
  return at(row, 0);
}

/** The one that has to be there; a tree without it is not the one that was signed. */
function at(hashes: readonly Bytes[], place: number): Bytes {
  const found = hashes[place];
  if (found === undefined) throw wrong();
  return found;
}

/** The tiles of one tree. A full tile is believed when it makes what the one above says; the others make the root. */
class Tiles {
  readonly #known = new Map<string, Promise<Bytes[]>>();
  readonly #tree: Checkpoint;
  readonly #fetchTile: Fetch;

  constructor(tree: Checkpoint, fetchTile: Fetch) {
    this.#tree = tree;
    this.#fetchTile = fetchTile;
  }

  #hashes(level: number, index: number): Promise<Bytes[]> {
    const name = `${level}/${index}`;
    const known = this.#known.get(name) ?? this.#checked(level, index);
    this.#known.set(name, known);
    return known;
  }

  async #checked(level: number, index: number): Promise<Bytes[]> {
    const width = Math.min(WIDTH, Math.floor(this.#tree.size / WIDTH ** level) - index * WIDTH);
    const hashes = await this.#fetched(level, index, width);
    if (width === WIDTH) {
      const above = await this.#hashes(level + 1, Math.floor(index / WIDTH));
      if (!same(await subtree(hashes), at(above, index % WIDTH))) throw wrong();
    }
    return hashes;
  }

  async #fetched(level: number, index: number, width: number): Promise<Bytes[]> {
    const path = `tile/${level}/${indexPath(index)}`;
    let data;
    let expected = width;
    try {
      data = await this.#fetchTile(width === WIDTH ? path : `${path}.p/${width}`);
    } catch (error) {
      // A log may drop what is not full as soon as there is the full one.
      if (width === WIDTH || !(error instanceof Problem) || error.code !== "log_resource_missing") throw error;
      data = await this.#fetchTile(path);
      expected = WIDTH;
    }
    if (data.length !== expected * HASH_BYTES) {
      throw refusal("tile_malformed", t("log.wrong.tile_form"));
    }
    return Array.from({ length: width }, (_, at) => data.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  }

  /** The root of the first `size` entries. */
  async rootOf(size: number): Promise<Bytes> {
    const parts: Bytes[] = [];
    let begin = 0;
    for (let level = 52; level >= 0; level--) {
      const count = 2 ** level;
      if (Math.floor(size / count) % 2 === 0) continue;
      parts.push(await this.#perfect(level, begin / count));
      begin += count;
    }
    parts.reverse();
    let root = at(parts, 0);
    for (const left of parts.slice(1)) root = await nodeHash(left, root);
    return root;
  }

  /** The newest entries, as many as the last tile has, each the one that the tree has in its place. */
  async newest(): Promise<Entry[]> {
    const { size } = this.#tree;
    if (size === 0) return [];
    if (!same(await this.rootOf(size), this.#tree.root)) throw wrong();
    const index = Math.floor((size - 1) / WIDTH);
    const hashes = await this.#hashes(0, index);
    const entries = await this.#bundle(index, hashes.length);
    const made = await Promise.all(entries.map(leafHash));
    if (!hashes.every((hash, place) => same(hash, at(made, place)))) throw wrong();
    return entries.map((entry) => readEntry(new TextDecoder().decode(entry)));
  }

  /** The first `width` entries of a bundle: each behind its length in two bytes. */
  async #bundle(index: number, width: number): Promise<Bytes[]> {
    const path = `tile/entries/${indexPath(index)}`;
    const data = await this.#either(width === WIDTH ? path : `${path}.p/${width}`, path);
    const found: Bytes[] = [];
    for (let begin = 0; found.length < width;) {
      const length = (data[begin] ?? 0) * 256 + (data[begin + 1] ?? 0);
      const entry = data.slice(begin + 2, begin + 2 + length);
      if (length === 0 || entry.length < length) throw refusal("tile_malformed", t("log.wrong.tile_form"));
      found.push(entry);
      begin += 2 + length;
    }
    return found;
  }

  /** A log may drop what is not full as soon as there is the full one. */
  async #either(path: string, full: string): Promise<Bytes> {
    try {
      return await this.#fetchTile(path);
    } catch (error) {
      if (path === full || !(error instanceof Problem) || error.code !== "log_resource_missing") throw error;
      return this.#fetchTile(full);
    }
  }

  /** The root of the perfect subtree of `2**level` entries at `index`. */
  async #perfect(level: number, index: number): Promise<Bytes> {
    const below = level % 8;
    const begin = index * 2 ** below;
    const hashes = await this.#hashes((level - below) / 8, Math.floor(begin / WIDTH));
    return subtree(hashes.slice(begin % WIDTH, (begin % WIDTH) + 2 ** below));
  }
}

/**
 * The newest entries of a tree, 256 at most, each shown to be in it.
 * @throws {Problem} `tile_malformed`, `tile_wrong`, `entry_malformed`
 */
export const newestEntries = (tree: Checkpoint, fetchTile: Fetch): Promise<Entry[]> =>
  new Tiles(tree, fetchTile).newest();

const wrong = (): Problem => refusal("tile_wrong", t("log.wrong.tile"));

/**
 * That a tree begins with one that was seen before.
 *
 * 1. It is not smaller. 2. Of one size they are one tree. 3. The tiles are this tree's. 4. They make the older root.
 *
 * @throws {Problem} `checkpoint_stale` (1), `log_forked` (2, 4), `tile_malformed`, `tile_wrong` (3)
 */
export async function requireBeginsWith(older: Checkpoint, newer: Checkpoint, fetchTile: Fetch): Promise<void> {
  if (older.size > newer.size) {
    throw refusal("checkpoint_stale", t("log.wrong.shorter", { now: newer.size, before: older.size }), t("log.later"));
  }
  const forked = () => refusal("log_forked", t("log.wrong.forked"));
  if (older.size === newer.size) {
    if (!same(older.root, newer.root)) throw forked();
    return;
  }
  if (older.size === 0) return;
  const tiles = new Tiles(newer, fetchTile);
  if (!same(await tiles.rootOf(newer.size), newer.root)) throw wrong();
  if (!same(await tiles.rootOf(older.size), older.root)) throw forked();
}
