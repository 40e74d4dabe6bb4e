/** What a writer knows of its log: built from the files, and checked against the signed root. */

import {
  equalBytes,
  fail,
  hashesAtLevel,
  leafHash,
  type OpenedCheckpoint,
  openCheckpoint,
  tilePath,
  tilesAtLevel,
  tileWidth,
  toHex,
  type VerifierKey,
} from "@countersign/core";
import { addLeaf, copyEdge, type Edge, edgeRoot, emptyEdge, type HashTile, partialTiles } from "./growth.ts";
import type { LogFiles, ReadOptions } from "./log-files.ts";
import { readCheckpoint } from "./reader.ts";
import { readBundle, readTile } from "./tile-bytes.ts";

export interface LogState {
  readonly checkpoint: OpenedCheckpoint;
  readonly edge: Edge;
  /** Entries of the last, partial bundle. */
  readonly pending: readonly Uint8Array[];
  /** Hash of each entry in hex → index of the first such entry. */
  readonly index: Map<string, number>;
}

/**
 * The state of the log as its files have it now.
 * @param before what was known; only what came since is read
 * @throws LOG_FORKED — the log is not what it was, continued
 * @throws LOG_MALFORMED — tiles are missing, or do not lead to the signed root
 * @throws LOG_MISSING · NOTE_MALFORMED · NOTE_UNVERIFIED · CHECKPOINT_MALFORMED · LOG_UNKNOWN
 */
export async function loadState(
  files: LogFiles,
  key: VerifierKey,
  before: LogState | undefined,
): Promise<LogState> {
  const where = files.where("checkpoint");
  const checkpoint = openCheckpoint(await readCheckpoint(files), key, where);
  if (before !== undefined) {
    if (equalBytes(before.checkpoint.note, checkpoint.note)) return before;
    const [was, is] = [before.checkpoint, checkpoint];
    if (is.size < was.size || (is.size === was.size && !equalBytes(is.root, was.root)))
      fail("LOG_FORKED", `${where}: the log went from ${was.size} entries to another tree of ${is.size}`, {
        where,
      });
  }
  const edge = before === undefined ? emptyEdge() : copyEdge(before.edge);
  const index = new Map(before?.index);
  const first = Math.floor(edge.size / tileWidth);
  for (const tile of tilesAtLevel(checkpoint.size, 0, first)) {
    const hashes = await readTile(files, { ...tile, level: 0 });
    for (const hash of hashes.slice(edge.size - tile.index * tileWidth)) {
      const hex = toHex(hash);
      if (!index.has(hex)) index.set(hex, edge.size);
      for (const full of addLeaf(edge, hash)) await compareTile(files, full);
    }
  }
  for (const partial of partialTiles(edge, 0)) await compareTile(files, partial);
  if (!equalBytes(edgeRoot(edge), checkpoint.root))
    fail(
      before === undefined ? "LOG_MALFORMED" : "LOG_FORKED",
      `${where}: the hashes in ${files.where("tile/0")} do not lead to the root that is signed`,
      { where },
    );
  return { checkpoint, edge, index, pending: await readPending(files, edge) };
}

/** @throws LOG_MALFORMED — the file of this tile holds other hashes */
export async function compareTile(files: LogFiles, expected: HashTile, options?: ReadOptions): Promise<void> {
  const { tile, hashes } = expected;
  const found = await readTile(files, tile, options);
  const wrong = hashes.findIndex((hash, i) => !equalBytes(hash, found[i] ?? new Uint8Array()));
  if (wrong < 0) return;
  const where = files.where(tilePath(tile));
  fail("LOG_MALFORMED", `${where}: hash ${wrong} is not that of what lies below it`, { where });
}

async function readPending(files: LogFiles, edge: Edge): Promise<Uint8Array[]> {
  const hashes = edge.levels[0] ?? [];
  const width = hashes.length;
  if (width === 0) return [];
  const tile = {
    level: "entries",
    index: Math.floor(hashesAtLevel(edge.size, 0) / tileWidth),
    width,
  } as const;
  const entries = await readBundle(files, tile);
  const wrong = entries.findIndex((entry, i) => !equalBytes(leafHash(entry), hashes[i] ?? new Uint8Array()));
  if (wrong < 0) return entries;
  const where = files.where(tilePath(tile));
  return fail("LOG_MALFORMED", `${where}: entry ${wrong} of the bundle is not what was logged`, { where });
}
