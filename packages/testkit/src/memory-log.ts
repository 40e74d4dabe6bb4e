/** A log in memory: real checkpoints and proofs, nothing durable but what `reopen` keeps. */

import {
  concatBytes,
  emptyRoot,
  fail,
  formatCheckpoint,
  formatNote,
  formatProof,
  formatVerifierKey,
  type LogReader,
  type LogWriter,
  leafHash,
  noteKeyId,
  proveInclusion,
  sha256Hex,
  treeRoot,
} from "@countersign/core";
import { testKey } from "./ed25519.ts";

export interface MemoryLog {
  readonly writer: LogWriter;
  readonly reader: LogReader;
  /** A writer that begins with what was recorded. */
  reopen(): Promise<MemoryLog>;
}

/** @param records what the log begins with @param seed its key: 0 to 255 */
export async function memoryLog(
  origin = "memory.example/log",
  records: readonly Uint8Array[] = [],
  seed = 1,
): Promise<MemoryLog> {
  const key = await testKey(seed);
  const entries = records.map((record) => record.slice());
  const index = new Map(entries.map((entry, i) => [sha256Hex(entry), i]));
  const id = noteKeyId(origin, 1, key.publicKey);

  const checkpoint = async (size: number): Promise<Uint8Array> => {
    const root = size === 0 ? emptyRoot : treeRoot(entries.slice(0, size).map(leafHash));
    const text = formatCheckpoint({ origin, size, root });
    const signature = await key.sign(new TextEncoder().encode(text));
    return formatNote(text, [{ name: origin, id, signature }]);
  };

  return {
    writer: {
      origin,
      verifierKey: formatVerifierKey(origin, 1, key.publicKey),
      async append(record) {
        if (record.length > 65_535)
          throw new TypeError(`a record has at most 65,535 bytes, not ${record.length}`);
        const known = index.get(sha256Hex(record));
        const at = known ?? entries.length;
        if (known === undefined) {
          index.set(sha256Hex(record), at);
          entries.push(record.slice());
        }
        const size = entries.length;
        const hashes = await proveInclusion(at, size, (level, i) =>
          treeRoot(entries.slice(i * 2 ** level, (i + 1) * 2 ** level).map(leafHash)),
        );
        return formatProof({ index: at, hashes, checkpoint: await checkpoint(size) });
      },
    },
    reader: {
      checkpoint: () => checkpoint(entries.length),
      async *entries(from, to) {
        if (to > entries.length) fail("LOG_UNAVAILABLE", `the log has ${entries.length} entries, not ${to}`);
        for (const entry of entries.slice(from, to)) yield concatBytes(entry);
      },
    },
    reopen: () => memoryLog(origin, entries, seed),
  };
}
