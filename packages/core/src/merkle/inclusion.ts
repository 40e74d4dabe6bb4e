/** Inclusion proofs of RFC 6962, checked. */

import { fail } from "../errors/index.ts";
import { equalBytes } from "../formats/bytes.ts";
import { nodeHash } from "./hash.ts";
import { pathOf, type Range } from "./range.ts";

/** A tree: how many entries, and its root (32 bytes). A checkpoint is one. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * Checks that `leaf` is the hash of entry `index` of the tree.
 *
 * @param proof.leaf hash of the entry (`leafHash`), 32 bytes
 * @param proof.index zero-based; 0 ≤ index < tree.size ≤ 2^53−1
 * @param proof.hashes sibling hashes, leaf to root; 32 bytes each, at most 53
 * @throws PROOF_MALFORMED — an index outside the tree, wrong count or length of hashes
 * @throws PROOF_MISMATCH — the root differs: the log or the server lies
 * @see RFC 6962 §2.1.1, c2sp.org/tlog-proof
 */
export function verifyInclusion(
  proof: { readonly leaf: Uint8Array; readonly index: number; readonly hashes: readonly Uint8Array[] },
  tree: TreeHead,
  where = "the proof",
): void {
  const { leaf, index, hashes } = proof;
  if (!Number.isSafeInteger(index) || index < 0 || index >= tree.size)
    fail("PROOF_MALFORMED", `${where} is for entry ${index}, and the tree has ${tree.size}`, { where });
  verifySubtree({ hash: leaf, start: index, end: index + 1, hashes }, tree, where);
}

/**
 * Checks that `hash` is that of the entries `start` to `end`, a subtree of the tree as RFC 6962 cuts it.
 * @throws PROOF_MALFORMED · PROOF_MISMATCH · TypeError — no such subtree
 */
export function verifySubtree(
  proof: Range & { readonly hash: Uint8Array; readonly hashes: readonly Uint8Array[] },
  tree: TreeHead,
  where = "the proof",
): void {
  const steps = pathOf(proof, tree.size);
  checkHashes([proof.hash, ...proof.hashes], steps.length + 1, where);
  const root = steps.reduce((hash, step, i) => {
    const sibling = proof.hashes[i] as Uint8Array;
    return step.side === "left" ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
  }, proof.hash);
  if (!equalBytes(root, tree.root)) {
    const what =
      proof.end - proof.start === 1 ? `entry ${proof.start}` : `entries ${proof.start} to ${proof.end}`;
    fail("PROOF_MISMATCH", `${where}: ${what} with this path is not in the tree of size ${tree.size}`, {
      where,
    });
  }
}

/** @throws PROOF_MALFORMED — another number of hashes than `count`, or one that has not 32 bytes */
export function checkHashes(hashes: readonly Uint8Array[], count: number, where: string): void {
  if (hashes.length !== count)
    fail("PROOF_MALFORMED", `${where} has ${hashes.length} hashes; expected ${count}`, { where });
  if (hashes.some((hash) => hash.length !== 32))
    fail("PROOF_MALFORMED", `${where} has a hash that has not 32 bytes`, { where });
}
