/** Writes a tiled log in a directory: durable before it is acknowledged, one writer at a time. */

import { join } from "node:path";
import {
  CountersignError,
  equalBytes,
  fail,
  formatCheckpoint,
  formatNote,
  isCountersignError,
  type LogWriter,
  leafHash,
  openCheckpoint,
  type ProofText,
  type Tile,
  tilePath,
  tileWidth,
  toHex,
} from "@countersign/core";
import { removePartials, removeTemporary, removeUncommitted } from "./cleanup.ts";
import { makeDirectory, type NewFile, privateDirectory, syncDirectory, writeFiles } from "./durable.ts";
import { addLeaf, copyEdge, edgeRoot, type HashTile, partialTiles } from "./growth.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { directoryFiles, type ReadOptions } from "./log-files.ts";
import { type LogKey, parseLogKey } from "./log-key.ts";
import { proofText, readCheckpoint, type TileCache, tileHashReader } from "./reader.ts";
import { type LogState, loadState } from "./state.ts";
import { formatBundle, maxEntrySize } from "./tile-bytes.ts";

export interface TilesLogWriter extends LogWriter {
  /**
   * Appends all records in one step, all or none: one checkpoint for all. Idempotent by bytes, within the batch too.
   * @param records at most 65,535 bytes each
   * @returns a proof for each record, in order
   * @throws LOG_LOCKED · LOG_MALFORMED · LOG_UNAVAILABLE · LOG_FORKED · FILE_TOO_LARGE — a record; nothing was logged
   */
  appendAll(records: readonly Uint8Array[], options?: ReadOptions): Promise<readonly ProofText[]>;
}

export interface WriterOptions {
  /** Of a log that `initLog` made. On a local file system: locks do not reach other machines. */
  readonly directory: string;
  /** The log's secret key, as `initLog` or `generateLogKey` gave it. */
  readonly key: string;
  /** How long to wait for another writer, in milliseconds; 10,000 if left out. */
  readonly waitMs?: number;
}

/**
 * Opens a log for writing: checks the checkpoint's signature and that the tiles lead to its root, and removes what a
 * writer that died left behind. Between appends it holds no lock; other processes may write in turn.
 *
 * @throws LOG_MISSING · LOG_LOCKED · LOG_MALFORMED · KEY_MALFORMED
 * @throws NOTE_UNVERIFIED · LOG_UNKNOWN — it is another key's log
 */
export async function directoryLogWriter(options: WriterOptions): Promise<TilesLogWriter> {
  const { directory, waitMs = 10_000 } = options;
  const key = parseLogKey(options.key);
  const files = directoryFiles(directory);
  const cache: TileCache = new Map();
  let state: LogState | undefined;
  // At first too: who took over from a dead writer may have died before it cleaned up.
  let unclean = true;

  /** Runs with the lock held and the state as it is on disk. */
  const locked = async <T>(
    signal: AbortSignal | undefined,
    run: (state: LogState, lock: Lock) => Promise<T>,
  ): Promise<T> => {
    const lock = await acquireLock(directory, waitMs, signal);
    try {
      // Loaded before anything is removed: a log that does not open is left as it is, to be looked at.
      state = await loadState(files, key.verifier, state);
      if (lock.tookOver || unclean) {
        await removeTemporary(directory);
        await removeUncommitted(directory, state.checkpoint.size);
      }
      unclean = false;
      return await run(state, lock);
    } catch (error) {
      // What was written and not committed lies about; whether the checkpoint was swapped, the next run reads.
      // The state stays: with it a log that was rewound is still seen.
      unclean = true;
      cache.clear();
      if (isCountersignError(error) || error instanceof TypeError) throw error;
      const where = directory;
      throw new CountersignError("LOG_UNAVAILABLE", `${where} cannot be written`, { where, cause: error });
    } finally {
      await lock.release();
    }
  };

  const appendLocked = async (
    records: readonly Uint8Array[],
    now: LogState,
    lock: Lock,
  ): Promise<LogState> => {
    const growth = grow(now, records, key);
    if (growth === undefined) return now;
    await writeFiles(directory, growth.files);
    // The lock keeps others out; this catches who broke it, or copied another state over the log.
    if (!(await lock.held()) || !equalBytes(await readCheckpoint(files), now.checkpoint.note)) {
      const where = files.where("checkpoint");
      fail("LOG_LOCKED", `${where} was written by another process while we held the lock`, { where });
    }
    await writeFiles(directory, [{ path: "checkpoint", bytes: growth.state.checkpoint.note }]);
    for (const [hex, at] of growth.added) now.index.set(hex, at);
    state = growth.state;
    await removePartials(directory, growth.full);
    return growth.state;
  };

  let queue: Promise<unknown> = Promise.resolve();
  const appendAll: TilesLogWriter["appendAll"] = (given, { signal } = {}) => {
    // Copied: the caller may use its buffers again while we wait.
    const records = given.map((record) => record.slice());
    const large = records.findIndex((record) => record.length > maxEntrySize);
    if (large >= 0)
      return Promise.reject(
        new CountersignError(
          "FILE_TOO_LARGE",
          `record ${large + 1} has ${records[large]?.length} bytes, more than ${maxEntrySize}`,
        ),
      );
    const run = async (): Promise<readonly ProofText[]> => {
      const after = await locked(signal, (now, lock) => appendLocked(records, now, lock));
      const noted = { note: after.checkpoint.note, tree: after.checkpoint };
      const read = tileHashReader(files, after.checkpoint.size, cache);
      const proofs: ProofText[] = [];
      for (const record of records)
        proofs.push(await proofText(after.index.get(toHex(leafHash(record))) ?? -1, noted, read));
      return proofs;
    };
    const result = queue.then(run);
    queue = result.catch(() => undefined);
    return result;
  };

  await readCheckpoint(files);
  for (const changed of await makeDirectory(join(directory, privateDirectory), 0o700))
    await syncDirectory(changed);
  await locked(undefined, async () => undefined);

  return {
    origin: key.verifier.name,
    verifierKey: key.verifier.text,
    appendAll,
    async append(record, appendOptions) {
      const [proof] = await appendAll([record], appendOptions);
      return proof ?? fail("LOG_UNAVAILABLE", "the log gave no proof");
    },
  };
}

interface Growth {
  readonly state: LogState;
  /** What to add to the state's index once it is committed. */
  readonly added: ReadonlyMap<string, number>;
  readonly files: readonly NewFile[];
  /** Tiles and bundles that became full. */
  readonly full: readonly Tile[];
}

/** The next state and the files that make it, the checkpoint excepted; undefined: all records are there already. */
function grow(state: LogState, records: readonly Uint8Array[], key: LogKey): Growth | undefined {
  const since = state.edge.size;
  const edge = copyEdge(state.edge);
  const index = new Map<string, number>();
  const hashTiles: HashTile[] = [];
  const added: Uint8Array[] = [];
  for (const record of records) {
    const hash = leafHash(record);
    const hex = toHex(hash);
    if (state.index.has(hex) || index.has(hex)) continue;
    index.set(hex, edge.size);
    added.push(record);
    hashTiles.push(...addLeaf(edge, hash));
  }
  if (added.length === 0) return undefined;
  const full: Tile[] = hashTiles.map(({ tile }) => tile);
  hashTiles.push(...partialTiles(edge, since));

  const bundles: NewFile[] = [];
  const entries = [...state.pending, ...added];
  const first = Math.floor(since / tileWidth);
  let pending: readonly Uint8Array[] = [];
  for (let at = 0; at < entries.length; at += tileWidth) {
    const bundle = entries.slice(at, at + tileWidth);
    const tile: Tile = { level: "entries", index: first + at / tileWidth, width: bundle.length };
    bundles.push({ path: tilePath(tile), bytes: formatBundle(bundle) });
    if (bundle.length === tileWidth) full.push(tile);
    else pending = bundle;
  }
  const tiles = hashTiles.map(({ tile, hashes }) => ({ path: tilePath(tile), bytes: Buffer.concat(hashes) }));

  const text = formatCheckpoint({ origin: key.verifier.name, size: edge.size, root: edgeRoot(edge) });
  const note = formatNote(text, [key.sign(text)]);
  const checkpoint = openCheckpoint(note, key.verifier);
  const next = { checkpoint, edge, pending, index: state.index };
  return { state: next, added: index, files: [...bundles, ...tiles], full };
}
