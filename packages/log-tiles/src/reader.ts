/** Reads a tiled log from its files; what it gives is checked against the log's tree. */

import {
  type Checkpoint,
  equalBytes,
  fail,
  formatProof,
  type HashReader,
  isCountersignError,
  type LogReader,
  leafHash,
  type ProofText,
  parseCheckpoint,
  parseNote,
  pathOf,
  proveConsistency,
  proveInclusion,
  rangeHash,
  type Tile,
  type TreeHead,
  tileOfNode,
  tilePath,
  tileWidth,
  tileWidthAt,
  treeRoot,
  verifyInclusion,
  verifySubtree,
} from "@countersign/core";
import { directoryFiles, type FetchBytes, type LogFiles, type ReadOptions, webFiles } from "./log-files.ts";
import { readBundle, readTile } from "./tile-bytes.ts";

export interface TilesLogReader extends LogReader {
  /** The log's files as they are, for `checkLog`. */
  readonly files: LogFiles;
  /** @throws LOG_MISSING · LOG_UNAVAILABLE — there is none; also what the fetcher throws */
  checkpoint(options?: ReadOptions): Promise<Uint8Array>;
  /**
   * Entries `from` (inclusive) to `to` (exclusive), each checked against `tree`, by default that of the checkpoint that
   * `checkpoint` gave last. Whoever needs truth has opened that checkpoint with the log's key.
   *
   * @throws PROOF_MISMATCH — an entry is not in the tree · LOG_MALFORMED — a file is missing or cut
   * @throws LOG_UNAVAILABLE — the log has fewer entries
   */
  entries(
    from: number,
    to: number,
    options?: ReadOptions & { readonly tree?: TreeHead },
  ): AsyncIterable<Uint8Array>;
  /**
   * Proof of entry `index` in the tree of the last checkpoint, as c2sp.org/tlog-proof; verified, but for the note's signatures.
   * @throws PROOF_MISMATCH · LOG_MALFORMED · LOG_UNAVAILABLE
   */
  prove(index: number, options?: ReadOptions): Promise<ProofText>;
  /**
   * The hashes for core's `verifyConsistency`, which says whether they hold.
   * @param to at most the size of the newest checkpoint
   * @throws LOG_MALFORMED · LOG_UNAVAILABLE
   */
  proveConsistency(from: number, to: number, options?: ReadOptions): Promise<Uint8Array[]>;
}

/** A signed note and the tree that it claims. */
export interface NotedTree {
  readonly note: Uint8Array;
  readonly tree: Checkpoint;
}

/** Largest checkpoint that is read: as many signatures as a note may have. */
const maxCheckpointSize = 1 << 20;
const cachedTiles = 64;

/** A log in a directory. Lock-free: what a checkpoint names is never changed by its writer. */
export function directoryLogReader(directory: string): TilesLogReader {
  return filesLogReader(directoryFiles(directory));
}

/** A log on any web server that serves its files. */
export function httpLogReader(url: string, fetchBytes: FetchBytes): TilesLogReader {
  return filesLogReader(webFiles(url, fetchBytes));
}

/** The checkpoint's bytes. @throws LOG_MISSING · LOG_UNAVAILABLE */
export async function readCheckpoint(files: LogFiles, options?: ReadOptions): Promise<Uint8Array> {
  const where = files.where("checkpoint");
  return (
    (await files.read("checkpoint", maxCheckpointSize, options)) ??
    fail(files.missing, `${where} does not exist: there is no log`, { where })
  );
}

/** Proof of entry `index` in the tree of `noted`; checked before it is given. */
export async function proofText(index: number, noted: NotedTree, read: HashReader): Promise<ProofText> {
  const { note, tree } = noted;
  const [leaf, hashes] = await Promise.all([read(0, index), proveInclusion(index, tree.size, read)]);
  verifyInclusion({ leaf, index, hashes }, tree, `the proof of entry ${index}`);
  return formatProof({ index, hashes, checkpoint: note });
}

/** Hashes of subtrees from tiles of the tree of `size`; the tiles read last are kept. */
export function tileHashReader(
  files: LogFiles,
  size: number,
  cache: TileCache,
  options?: ReadOptions,
): HashReader {
  return async (level, index) => {
    const { tile, from, to } = tileOfNode({ level, index }, size);
    return treeRoot((await cachedTile(files, tile, cache, options)).slice(from, to));
  };
}

/** By path: the hashes of a tile on their way or here. The caller verifies what it builds of them. */
export type TileCache = Map<string, Promise<Uint8Array[]>>;

function cachedTile(
  files: LogFiles,
  tile: Tile & { readonly level: number },
  cache: TileCache,
  options: ReadOptions | undefined,
): Promise<Uint8Array[]> {
  const path = tilePath(tile);
  const found = cache.get(path) ?? readTile(files, tile, options);
  cache.delete(path);
  cache.set(path, found);
  const [oldest] = cache.keys();
  if (cache.size > cachedTiles && oldest !== undefined) cache.delete(oldest);
  // A failure is not remembered: the next one asks again.
  found.catch(() => cache.delete(path));
  return found;
}

function filesLogReader(files: LogFiles): TilesLogReader {
  const cache: TileCache = new Map();
  let latest: Uint8Array | undefined;

  const checkpoint = async (options?: ReadOptions): Promise<Uint8Array> => {
    const note = await readCheckpoint(files, options);
    // Another tree of the same sizes would have other bytes under the same paths.
    if (latest !== undefined && !equalBytes(latest, note)) cache.clear();
    latest = note;
    return note;
  };
  const parse = (note: Uint8Array): NotedTree => {
    const where = files.where("checkpoint");
    return { note, tree: parseCheckpoint(parseNote(note, where).text, where) };
  };
  const treeOf = async (size: number, options?: ReadOptions): Promise<NotedTree> => {
    const known = latest === undefined ? undefined : parse(latest);
    if (known !== undefined && known.tree.size >= size) return known;
    const fresh = parse(await checkpoint(options));
    if (fresh.tree.size < size) {
      const where = files.where("checkpoint");
      fail("LOG_UNAVAILABLE", `${where}: the log has ${fresh.tree.size} entries; asked for ${size}`, {
        where,
      });
    }
    return fresh;
  };
  // A tile that led to a wrong root must not be answered with again.
  const forgetting = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      if (isCountersignError(error) && error.code === "PROOF_MISMATCH") cache.clear();
      throw error;
    }
  };
  const bundleOf = async (index: number, tree: TreeHead, options?: ReadOptions): Promise<Uint8Array[]> => {
    const width = tileWidthAt(tree.size, "entries", index);
    const range = { start: index * tileWidth, end: index * tileWidth + width };
    const entries = await readBundle(files, { index, width }, options);
    const read = tileHashReader(files, tree.size, cache, options);
    const hashes = await Promise.all(pathOf(range, tree.size).map((sibling) => rangeHash(sibling, read)));
    const where = files.where(tilePath({ level: "entries", index, width }));
    verifySubtree({ ...range, hash: treeRoot(entries.map(leafHash)), hashes }, tree, where);
    return entries;
  };

  return {
    files,
    checkpoint,
    async *entries(from, to, options = {}) {
      checkRange(from, to);
      if (from === to) return;
      const tree = options.tree ?? (await treeOf(to, options)).tree;
      if (to > tree.size) throw new TypeError(`no entries up to ${to} in a tree of ${tree.size}`);
      for (let index = Math.floor(from / tileWidth); index * tileWidth < to; index++) {
        const entries = await forgetting(() => bundleOf(index, tree, options));
        const first = index * tileWidth;
        yield* entries.slice(Math.max(0, from - first), Math.max(0, to - first));
      }
    },
    async prove(index, options) {
      checkRange(index, index + 1);
      const noted = await treeOf(index + 1, options);
      return forgetting(() =>
        proofText(index, noted, tileHashReader(files, noted.tree.size, cache, options)),
      );
    },
    async proveConsistency(from, to, options) {
      checkRange(from, to);
      const { tree } = await treeOf(to, options);
      // Of the newest tree's tiles: partial ones of older trees may be gone.
      return proveConsistency(from, to, tileHashReader(files, tree.size, cache, options));
    },
  };
}

function checkRange(from: number, to: number): void {
  if (![from, to].every(Number.isSafeInteger) || from < 0 || to < from)
    throw new TypeError(`no range of entries: ${from} to ${to}`);
}
