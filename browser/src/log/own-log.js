// @ts-check
/** What the log says about the person with a receipt. Nothing is given out that does not check out. */

import { Problem, call, logResource } from "../server/api.js";
import { utf8 } from "../crypto/bytes.js";
import {
  commitmentTo, keptTree, leafHash, readEntry, readKey, readProof, refusal, requireCheckpoint, requireInclusion,
} from "./log.js";
import { requireBeginsWith } from "./tiles.js";

/** @typedef {import("./log.js").Checkpoint} Checkpoint */
/** @typedef {{index: number, entry: import("./log.js").Entry, details: any, proven: boolean}} OwnEntry */
/** @typedef {{items: any[], next: string | null, log_key: string}} Page */
/** @typedef {{checkpoint: string | null, pages: Page[]}} Said what the server sent */

/**
 * Ask, and check.
 * @param {import("../consent/receipt.js").Receipt} receipt
 * @returns {Promise<{entries: OwnEntry[], newest: Checkpoint | null, key: import("./log.js").LogKey}>}
 * @throws {Problem} with `evidence`, where something does not check out
 */
export async function ownLog(receipt) {
  /** @type {Said} */
  const said = { checkpoint: await published(), pages: [] };
  // The tree comes first: then none of the entries that are in it can still be waiting.
  for (let next = ""; said.pages.length === 0 || next !== ""; next = said.pages.at(-1)?.next ?? "") {
    said.pages.push(await call("GET", `/v1/me/log${next && `/${encodeURIComponent(next)}`}`, { as: receipt }));
  }
  try {
    return await checkOwn(said, receipt, logResource);
  } catch (error) {
    if (error instanceof Problem) error.evidence = said;
    throw error;
  }
}

async function published() {
  try {
    return new TextDecoder().decode(await logResource("checkpoint"));
  } catch (error) {
    if (error instanceof Problem && error.code === "log_resource_missing") return null;
    throw error;
  }
}

/**
 * 1. The log has the key that the receipt names.
 * 2. Each entry checks out (`openEntry`), in order, and the proofs with it (`prove`).
 * 3. All trees are one log, which begins with the tree that the receipt remembers.
 *
 * @param {Said} said
 * @param {import("../consent/receipt.js").Receipt} receipt
 * @param {import("./tiles.js").Fetch} fetchTile
 * @throws {Problem}
 */
export async function checkOwn(said, receipt, fetchTile) {
  const key = await readKey(receipt.log_key ?? said.pages[0].log_key);
  if (said.pages.some((page) => page.log_key.trim() !== key.line)) {
    throw refusal("note_unsigned", "The log has another key than on the day you agreed.");
  }
  const shown = said.checkpoint === null ? null : await requireCheckpoint(said.checkpoint, key);
  /** @type {Map<string, Checkpoint>} */
  const trees = new Map(shown === null ? [] : [[shown.note, shown]]);
  const entries = [];
  for (const item of said.pages.flatMap((page) => page.items)) {
    if (item.index <= (entries.at(-1)?.index ?? -1)) {
      throw refusal("answer_unreadable", "The entries are not in their order, or one came twice.");
    }
    const entry = await openEntry(item, receipt.subject_id);
    if (item.proof !== null) await prove(item, key, trees);
    else if (item.index < (shown?.size ?? 0)) {
      throw refusal("proof_missing", `Entry ${item.index} should be in the log, and there is no proof that it is.`);
    }
    entries.push({ index: item.index, entry, details: item.details, proven: item.proof !== null });
  }
  return { entries, newest: await oneLog([...trees.values()], receipt, fetchTile), key };
}

/**
 * 1. It is of a form that there is. 2. It commits to what is said to be behind it. 3. That is about this person.
 * 4. Both say the same day.
 * @param {any} item @param {string} subjectId
 * @throws {Problem} `entry_malformed` (1), `opening_wrong`
 */
async function openEntry(item, subjectId) {
  const entry = readEntry(item.entry);
  const wrong = (/** @type {string} */ why) => refusal("opening_wrong", `Entry ${item.index} ${why}`);
  if ((await commitmentTo(item.salt, item.details)) !== entry.commitment) {
    throw wrong("does not say what the server says that it says.");
  }
  if (item.details.subject !== subjectId) throw wrong("is about somebody else.");
  if (String(item.details.at).slice(0, 10) !== entry.day) throw wrong("says one day to everybody and another to you.");
  return entry;
}

/**
 * @param {any} item @param {import("./log.js").LogKey} key @param {Map<string, Checkpoint>} trees
 * @throws {Problem} `proof_malformed`, `proof_wrong`, and what `requireCheckpoint` throws
 */
async function prove(item, key, trees) {
  const proof = readProof(item.proof);
  if (proof.index !== item.index) {
    throw refusal("proof_wrong", `The proof of entry ${item.index} is for entry ${proof.index}.`);
  }
  const tree = trees.get(proof.checkpoint) ?? (await requireCheckpoint(proof.checkpoint, key));
  trees.set(proof.checkpoint, tree);
  await requireInclusion({ leaf: await leafHash(utf8(item.entry)), proof, tree });
}

/**
 * @param {Checkpoint[]} trees @param {import("../consent/receipt.js").Receipt} receipt
 * @param {import("./tiles.js").Fetch} fetchTile
 * @returns {Promise<Checkpoint | null>} the newest
 */
async function oneLog(trees, receipt, fetchTile) {
  const before = receipt.log_checkpoint === undefined ? [] : [keptTree(receipt.log_checkpoint)];
  const [newest, ...older] = trees.toSorted((one, other) => other.size - one.size);
  if (newest === undefined) {
    if (before.length > 0 && before[0].size > 0) throw refusal("checkpoint_stale", "The log has forgotten everything.");
    return null;
  }
  for (const tree of [...older, ...before]) await requireBeginsWith(tree, newest, fetchTile);
  return newest;
}
