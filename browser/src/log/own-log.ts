/** What the log says about the person with a receipt. Nothing is given out that does not check out. */

import type { Receipt } from "../consent/receipt.js";
import { utf8 } from "../crypto/bytes.js";
import { call, logResource, Problem } from "../server/api.js";
import { t } from "../shared/texts.js";
import {
  type Checkpoint,
  commitmentTo,
  type Entry,
  keptTree,
  leafHash,
  type LogKey,
  readEntry,
  readKey,
  readProof,
  refusal,
  requireCheckpoint,
  requireInclusion,
} from "./log.js";
import { type Fetch, requireBeginsWith } from "./tiles.js";

/** What an entry commits to: the person's own details. */
export interface Details {
  subject: string;
  at: string;
  by?: string;
  reason?: string;
  station?: string;
  station_name?: string;
  purpose?: string;
  gallery?: string;
  [detail: string]: unknown;
}

export interface OwnEntry {
  index: number;
  entry: Entry;
  details: Details;
  proven: boolean;
}

/** One entry as the server sends it. */
interface Item {
  index: number;
  entry: string;
  salt: string;
  details: Details;
  proof: string | null;
}

interface Page {
  items: Item[];
  next: string | null;
  log_key: string;
}

/** What the server sent. */
export interface Sent {
  checkpoint: string | null;
  pages: Page[];
}

/** What checks out. */
export interface OwnLog {
  entries: OwnEntry[];
  newest: Checkpoint | null;
  key: LogKey;
}

/**
 * Ask, and check.
 * @throws {Problem} with `evidence`, where something does not check out
 */
export async function ownLog(receipt: Receipt): Promise<OwnLog> {
  const sent: Sent = { checkpoint: await published(), pages: [] };
  // The tree comes first: then none of the entries that are in it can still be waiting.
  for (let next = ""; sent.pages.length === 0 || next !== ""; next = sent.pages.at(-1)?.next ?? "") {
    sent.pages.push(await call<Page>("GET", `/v1/me/log${next && `/${encodeURIComponent(next)}`}`, { as: receipt }));
  }
  try {
    return await checkOwn(sent, receipt, logResource);
  } catch (error) {
    if (error instanceof Problem) error.evidence = sent;
    throw error;
  }
}

async function published(): Promise<string | null> {
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
 * @throws {Problem}
 */
export async function checkOwn(sent: Sent, receipt: Receipt, fetchTile: Fetch): Promise<OwnLog> {
  const key = await readKey(receipt.log_key ?? sent.pages[0]?.log_key ?? "");
  if (sent.pages.some((page) => page.log_key.trim() !== key.line)) {
    throw refusal("note_unsigned", t("log.wrong.other_key"));
  }
  const shown = sent.checkpoint === null ? null : await requireCheckpoint(sent.checkpoint, key);
  const trees = new Map<string, Checkpoint>(shown === null ? [] : [[shown.note, shown]]);
  const entries: OwnEntry[] = [];
  for (const item of sent.pages.flatMap((page) => page.items)) {
    if (item.index <= (entries.at(-1)?.index ?? -1)) {
      throw refusal("answer_unreadable", t("log.wrong.order"));
    }
    const entry = await openEntry(item, receipt.subject_id);
    if (item.proof !== null) await prove(item, item.proof, key, trees);
    else if (item.index < (shown?.size ?? 0)) {
      throw refusal("proof_missing", t("log.wrong.proof_missing", { index: item.index }));
    }
    entries.push({ index: item.index, entry, details: item.details, proven: item.proof !== null });
  }
  return { entries, newest: await oneLog([...trees.values()], receipt, fetchTile), key };
}

/**
 * 1. It is of a form that there is. 2. It commits to what is said to be behind it. 3. That is about this person.
 * 4. Both say the same day.
 * @throws {Problem} `entry_malformed` (1), `opening_wrong`
 */
async function openEntry(item: Item, subjectId: string): Promise<Entry> {
  const entry = readEntry(item.entry);
  const { index } = item;
  if ((await commitmentTo(item.salt, item.details)) !== entry.commitment) {
    throw refusal("opening_wrong", t("log.wrong.opening", { index }));
  }
  if (item.details.subject !== subjectId) throw refusal("opening_wrong", t("log.wrong.person", { index }));
  if (String(item.details.at).slice(0, 10) !== entry.day) throw refusal("opening_wrong", t("log.wrong.day", { index }));
  return entry;
}

/** @throws {Problem} `proof_malformed`, `proof_wrong`, and what `requireCheckpoint` throws */
async function prove(item: Item, text: string, key: LogKey, trees: Map<string, Checkpoint>): Promise<void> {
  const proof = readProof(text);
  if (proof.index !== item.index) {
    throw refusal("proof_wrong", t("log.wrong.proof_other", { index: item.index, other: proof.index }));
  }
  const tree = trees.get(proof.checkpoint) ?? (await requireCheckpoint(proof.checkpoint, key));
  trees.set(proof.checkpoint, tree);
  await requireInclusion({ leaf: await leafHash(utf8(item.entry)), proof, tree });
}

/** That all trees are one log, which begins with what the receipt remembers. Gives the newest. */
async function oneLog(trees: Checkpoint[], receipt: Receipt, fetchTile: Fetch): Promise<Checkpoint | null> {
  const before = receipt.log_checkpoint === undefined ? [] : [keptTree(receipt.log_checkpoint)];
  const [newest, ...older] = trees.toSorted((one, other) => other.size - one.size);
  if (newest === undefined) {
    if (before.some((tree) => tree.size > 0)) throw refusal("checkpoint_stale", t("log.wrong.forgotten"));
    return null;
  }
  for (const tree of [...older, ...before]) await requireBeginsWith(tree, newest, fetchTile);
  return newest;
}
