/** One record and its proof against the logs that the verifier knows. */

import { leafHash } from "../merkle/hash.ts";
import { verifyInclusion } from "../merkle/inclusion.ts";
import { toHex } from "./bytes.ts";
import { openKnownCheckpoint } from "./checkpoint.ts";
import type { VerifierKey } from "./signed-note.ts";
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
  const checkpoint = openKnownCheckpoint(note, logKeys, `${where}: the checkpoint`);
  verifyInclusion({ leaf: leafHash(record), index, hashes }, checkpoint, where);
  const { origin, key, size, root } = checkpoint;
  return { origin, keyName: key.name, verifierKey: key.text, index, size, root: toHex(root) };
}
