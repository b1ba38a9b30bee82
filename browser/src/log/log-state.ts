/** The state of a server's log, checked by somebody who looks at it again and again. */

import { logResource } from "../server/api.js";
import { Problem } from "../server/problem.js";
import { t } from "../shared/texts.js";
import { type Checkpoint, type Entry, keptTree, type LogKey, readKey, refusal, requireCheckpoint } from "./log.js";
import { type Fetch, newestEntries, requireBeginsWith } from "./tiles.js";

/** What was seen and checked. */
export interface Seen {
  /** The signed checkpoint. */
  note: string;
  /** The log's key, as one line. */
  key: string;
  /** When, ISO 8601, by this device's clock. */
  at: string;
}

export interface State {
  key: LogKey;
  tree: Checkpoint;
  /** Names of those who signed the checkpoint beside the log. Their keys are not known here. */
  others: string[];
  newest: Entry | null;
  seen: Seen;
}

/**
 * 1. The key is the one that was seen before. 2. It signed the checkpoint. 3. The log begins with what it showed before.
 * 4. Its newest entries are in the tree, and of a form that there is.
 *
 * @param before what was seen last, if anything
 * @throws {Problem} what does not check out comes with `evidence`; what could not be read, without
 */
export async function checkLog(before: Seen | null, fetch: Fetch = logResource, now = new Date()): Promise<State> {
  const read = async (path: string): Promise<string> => new TextDecoder().decode(await fetch(path));
  const seen = { note: "", key: "", at: now.toISOString() };
  try {
    seen.key = (await read("key")).trim();
    seen.note = await read("checkpoint");
    const key = await readKey(seen.key);
    if (before !== null && before.key !== key.line) throw refusal("note_unsigned", t("log.wrong.other_key"));
    const tree = await requireCheckpoint(seen.note, key);
    if (before !== null) await requireBeginsWith(keptTree(before.note), tree, fetch);
    const entries = await newestEntries(tree, fetch);
    return {
      key,
      tree,
      others: signersOf(seen.note).filter((name) => name !== key.name),
      newest: entries.at(-1) ?? null,
      seen,
    };
  } catch (error) {
    if (error instanceof Problem && !isUnread(error, seen)) error.evidence = { before, now: seen };
    throw error;
  }
}

const signersOf = (note: string): string[] =>
  [...note.slice(note.lastIndexOf("\n\n")).matchAll(/^\u2014 (\S+) /gmu)].map(([, name = ""]) => name);

/** Whether the log could not be read. A part that is missing though the checkpoint promises it is wrong, not unread. */
const isUnread = ({ status, code }: Problem, { note }: Seen): boolean =>
  status > 0 || code === "unreachable" || (code === "log_resource_missing" && note === "");
