/** Consistency proofs of RFC 6962, checked: the new tree begins with the old one. */

import { fail } from "../errors/index.ts";
import { equalBytes } from "../formats/bytes.ts";
import { emptyRoot, nodeHash } from "./hash.ts";
import { checkHashes, type TreeHead } from "./inclusion.ts";
import { commonEdge } from "./range.ts";

/**
 * Checks that nothing in the old tree was changed or removed on the way to the new one.
 *
 * @param hashes 32 bytes each, as RFC 6962 orders them; none where the old tree is empty or of the same size
 * @throws PROOF_MALFORMED — the old tree is larger, wrong count or length of hashes
 * @throws PROOF_MISMATCH — the hashes do not lead to both roots: the log was rewritten, or the server lies
 * @see RFC 6962 §2.1.2
 */
export function verifyConsistency(
  oldTree: TreeHead,
  newTree: TreeHead,
  hashes: readonly Uint8Array[],
  where = "the consistency proof",
): void {
  const [from, to] = [oldTree.size, newTree.size];
  const differ = (): never =>
    fail("PROOF_MISMATCH", `${where}: the tree of size ${to} does not begin with the tree of size ${from}`, {
      where,
    });
  if (![from, to].every(Number.isSafeInteger) || from < 0 || from > to)
    fail("PROOF_MALFORMED", `${where} leads from size ${from} to the smaller size ${to}`, { where });
  if (from === 0 || from === to) {
    checkHashes(hashes, 0, where);
    const before = from === 0 ? emptyRoot : newTree.root;
    if (!equalBytes(oldTree.root, before) || (to === 0 && !equalBytes(newTree.root, emptyRoot))) differ();
    return;
  }
  const { seed, steps } = commonEdge(from, to);
  const rest = seed.start === 0 ? hashes : hashes.slice(1);
  checkHashes(hashes, steps.length + (seed.start === 0 ? 0 : 1), where);
  let oldRoot = seed.start === 0 ? oldTree.root : (hashes[0] as Uint8Array);
  let newRoot = oldRoot;
  steps.forEach(({ side }, i) => {
    const sibling = rest[i] as Uint8Array;
    // What lies to the left is in both trees, what lies to the right only in the new one.
    if (side === "left") oldRoot = nodeHash(sibling, oldRoot);
    newRoot = side === "left" ? nodeHash(sibling, newRoot) : nodeHash(newRoot, sibling);
  });
  if (!equalBytes(oldRoot, oldTree.root) || !equalBytes(newRoot, newTree.root)) differ();
}
