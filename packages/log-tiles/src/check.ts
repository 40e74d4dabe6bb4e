/** Checks a whole log: every entry, every tile, the signed root. What `fsck` is for a disk. */

import {
  equalBytes,
  fail,
  leafHash,
  openKnownCheckpoint,
  tilePath,
  tilesAtLevel,
  toHex,
  type VerifierKey,
} from "@countersign/core";
import { addLeaf, edgeRoot, emptyEdge, partialTiles } from "./growth.ts";
import { checkSignal, type ReadOptions } from "./log-files.ts";
import type { TilesLogReader } from "./reader.ts";
import { compareTile } from "./state.ts";
import { readBundle } from "./tile-bytes.ts";

export interface LogReport {
  readonly origin: string;
  /** Key that signed the checkpoint, `name+id+base64`. */
  readonly verifierKey: string;
  /** Entries. */
  readonly size: number;
  /** 64 hex digits. */
  readonly root: string;
  /** Tiles of hashes that were compared. */
  readonly tiles: number;
  /** Bundles of entries that were hashed. */
  readonly bundles: number;
  /** Bytes of all entries. */
  readonly bytes: number;
}

/**
 * Reads everything, recomputes every hash and compares it with every tile and the signed root. Memory does not grow with the log.
 *
 * @param keys of the logs that are known
 * @throws LOG_MALFORMED — `where` is the file that is missing, cut, or not what the entries give
 * @throws NOTE_MALFORMED · CHECKPOINT_MALFORMED · NOTE_UNVERIFIED · LOG_UNKNOWN — the checkpoint
 */
export async function checkLog(
  reader: TilesLogReader,
  keys: readonly VerifierKey[],
  options: ReadOptions & { readonly onEntries?: (done: number, size: number) => void } = {},
): Promise<LogReport> {
  const { files } = reader;
  const note = await reader.checkpoint(options);
  const checkpoint = openKnownCheckpoint(note, keys, files.where("checkpoint"));
  const edge = emptyEdge();
  let [tiles, bundles, bytes] = [0, 0, 0];
  for (const { index, width } of tilesAtLevel(checkpoint.size, "entries")) {
    checkSignal(options.signal);
    const entries = await readBundle(files, { index, width }, options);
    bundles++;
    for (const entry of entries) {
      bytes += entry.length;
      for (const full of addLeaf(edge, leafHash(entry))) {
        await compareTile(files, full, options);
        tiles++;
      }
    }
    options.onEntries?.(edge.size, checkpoint.size);
  }
  for (const partial of partialTiles(edge, 0)) {
    await compareTile(files, partial, options);
    tiles++;
  }
  if (!equalBytes(edgeRoot(edge), checkpoint.root)) {
    const where = files.where("checkpoint");
    const [last] = [...partialTiles(edge, 0)].map(({ tile }) => tilePath(tile));
    fail("LOG_MALFORMED", `${where}: entries and tiles agree (up to ${last}), but not with the signed root`, {
      where,
    });
  }
  const { origin, key, size, root } = checkpoint;
  return { origin, verifierKey: key.text, size, root: toHex(root), tiles, bundles, bytes };
}
