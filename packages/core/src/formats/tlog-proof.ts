/** C2SP tlog-proof: index, path and checkpoint in one text, for verification without a network. See c2sp.org/tlog-proof. */

import { fail } from "../errors/index.ts";
import { decodeUtf8, fromBase64, toBase64, utf8 } from "./bytes.ts";
import { parseDecimal } from "./checkpoint.ts";
import { printable } from "./names.ts";
import { maxNoteSize } from "./signed-note.ts";

/** A proof as it came. Nothing in it may be believed before it is verified. */
export interface TlogProof {
  /** Zero-based index of the entry. */
  readonly index: number;
  /** Sibling hashes from the leaf up; 32 bytes each. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note of the checkpoint, verbatim. */
  readonly checkpoint: Uint8Array;
  /** Opaque; never authenticated. */
  readonly extra?: Uint8Array;
}

/** Most hashes in a proof that is read. A tree of 2^53−1 entries needs 53; other writers' trees may be of 2^63. */
const maxHashes = 63;
/** Largest proof that is read, in bytes. */
export const maxProofSize: number = maxNoteSize + 64 * 1024;
const header = "c2sp.org/tlog-proof@v1";

/** @throws PROOF_MALFORMED */
export function parseProof(proof: string | Uint8Array, where = "the proof"): TlogProof {
  const refuse = (what: string): never => fail("PROOF_MALFORMED", `${where} ${what}`, { where });
  if (proof.length > maxProofSize) refuse(`is larger than ${maxProofSize} bytes`);
  let text: string;
  try {
    text = typeof proof === "string" ? proof : decodeUtf8(proof, where);
  } catch (cause) {
    return fail("PROOF_MALFORMED", `${where} is not UTF-8 text`, { where, cause });
  }
  // A lone surrogate would become U+FFFD in the checkpoint's bytes.
  if (/\p{Cs}/u.test(text)) refuse("is not UTF-8 text");
  const split = text.indexOf("\n\n");
  if (split < 0) return refuse("has no blank line before its checkpoint");
  const lines = text.slice(0, split).split("\n");
  if (lines[0] !== header) refuse(`begins with ${printable(lines[0] ?? "")}; expected ${header}`);
  const extra = lines[1]?.startsWith("extra ") ? fromBase64(lines[1].slice(6)) : undefined;
  if (lines[1]?.startsWith("extra") && !extra?.length) refuse("has an extra line that is not base64");
  const [indexLine = "", ...path] = lines.slice(extra === undefined ? 1 : 2);
  const index = indexLine.startsWith("index ") ? parseDecimal(indexLine.slice(6)) : undefined;
  if (index === undefined) return refuse(`has no index from 0 to 2^53−1: ${printable(indexLine)}`);
  if (path.length > maxHashes) refuse(`has ${path.length} hashes, more than ${maxHashes}`);
  const hashes = path.map((line, i) => {
    const hash = fromBase64(line);
    return hash?.length === 32
      ? hash
      : refuse(`has no base64 of 32 bytes as hash ${i + 1}: ${printable(line)}`);
  });
  const checkpoint = utf8(text.slice(split + 2));
  return extra === undefined ? { index, hashes, checkpoint } : { index, hashes, checkpoint, extra };
}

/** @throws TypeError — a field that cannot stand in a proof */
export function formatProof(proof: TlogProof): string {
  const { index, hashes, checkpoint, extra } = proof;
  if (!Number.isSafeInteger(index) || index < 0 || hashes.length > maxHashes)
    throw new TypeError("not a proof: index or number of hashes");
  if (hashes.some((hash) => hash.length !== 32)) throw new TypeError("not a proof: a hash has not 32 bytes");
  const lines = [header, ...(extra?.length ? [`extra ${toBase64(extra)}`] : []), `index ${index}`];
  return `${[...lines, ...hashes.map(toBase64)].join("\n")}\n\n${decodeUtf8(checkpoint, "the checkpoint")}`;
}
