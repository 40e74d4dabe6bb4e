/** Hashes of RFC 6962 trees. */

import { sha256 } from "../formats/digest.ts";

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** SHA-256(0 ‖ entry). @see RFC 6962 §2.1 */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(leafPrefix, entry);
}

/** SHA-256(1 ‖ left ‖ right). @see RFC 6962 §2.1 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(nodePrefix, left, right);
}

/** Root of the tree without entries: SHA-256 of nothing. */
export const emptyRoot: Uint8Array = sha256();

/** Largest power of two below `n`; n ≥ 2, up to 2^53. */
export function splitPoint(n: number): number {
  // No shifts: they end at 32 bits.
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * Root over these hashes of leaves, or of equal perfect subtrees of which the last may be smaller and ragged.
 * @param hashes 32 bytes each; none gives the empty tree's root
 */
export function treeRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return emptyRoot;
  // Bottom up: a last hash without a sibling rises as it is, which is what RFC 6962's split gives.
  let row = hashes;
  while (row.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < row.length; i += 2) {
      const left = row[i] as Uint8Array;
      const right = row[i + 1];
      next.push(right === undefined ? left : nodeHash(left, right));
    }
    row = next;
  }
  return row[0] as Uint8Array;
}
