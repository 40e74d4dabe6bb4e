/** One record and its proof against the logs that the verifier knows. */

import { fail } from "../errors/index.ts";
import { leafHash } from "../merkle/hash.ts";
import { verifyInclusion } from "../merkle/inclusion.ts";
import { toHex } from "./bytes.ts";
import { openCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import { printable } from "./names.ts";
import { parseNote, type VerifierKey } from "./signed-note.ts";
import { parseProof } from "./tlog-proof.ts";

/** What a log's proof says, once verified: this record is entry `index` of the log's tree of `size` entries. */
export interface LogFacts {
  readonly origin: string;
  /** Name of the key that signed the checkpoint. */
  readonly keyName: string;
  /** That key, `name+id+base64`. */
  readonly verifierKey: string;
  readonly index: number;
  readonly size: number;
  /** 64 hex digits. */
  readonly root: string;
}

/**
 * Checks offline that `record` is in a log whose key is among `logKeys`.
 *
 * @param record the exact bytes that were logged
 * @param proof text of c2sp.org/tlog-proof
 * @throws PROOF_MALFORMED · NOTE_MALFORMED · CHECKPOINT_MALFORMED — cannot be read
 * @throws LOG_UNKNOWN — of a log that is not among `logKeys`
 * @throws NOTE_UNVERIFIED — of a known log by its own word, but its key did not sign the checkpoint
 * @throws PROOF_MISMATCH — the signed tree does not hold this record at this index
 */
export function verifyRecordProof(
  record: Uint8Array,
  proof: string | Uint8Array,
  logKeys: readonly VerifierKey[],
  where = "the proof",
): LogFacts {
  const { index, hashes, checkpoint: note } = parseProof(proof, where);
  const unverified = parseNote(note, `${where}: the checkpoint`);
  const { origin } = parseCheckpoint(unverified.text, `${where}: the checkpoint`);
  const candidates = logKeys.filter((key) => key.name === origin);
  // A log may have several keys, one after the other: take the one that the note's lines name.
  const key =
    candidates.find((c) => unverified.signatures.some((s) => s.name === c.name && s.id === c.id)) ??
    candidates[0];
  if (key === undefined)
    return fail("LOG_UNKNOWN", `${where} is of the log ${printable(origin)}, which is not a known one`, {
      where,
    });
  const checkpoint = openCheckpoint(note, key, `${where}: the checkpoint`);
  verifyInclusion({ leaf: leafHash(record), index, hashes }, checkpoint, where);
  const { size, root } = checkpoint;
  return { origin, keyName: key.name, verifierKey: key.text, index, size, root: toHex(root) };
}
