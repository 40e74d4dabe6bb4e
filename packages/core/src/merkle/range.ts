/**
 * Which parts of a tree make a proof: pure arithmetic, and their hashes by a reader of perfect subtrees.
 * Numbers go to 2^53−1, so there are no bit operations (they end at 2^32).
 */

import { nodeHash, splitPoint } from "./hash.ts";

/** The entries `start` (inclusive) to `end` (exclusive). */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A perfect subtree: the 2^level entries from index × 2^level on. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** The hash of a perfect subtree, 32 bytes. Whoever asks has seen that the tree is large enough. */
export type HashReader = (level: number, index: number) => Uint8Array | Promise<Uint8Array>;

/** One step of a path down the tree: the half that is not taken, and the side on which it lies. */
export interface PathStep extends Range {
  readonly side: "left" | "right";
}

/**
 * The siblings on the way from `target` up to the root of the tree of `size` entries.
 * @param target a subtree as RFC 6962 cuts it: one entry, a perfect subtree inside the tree, or what is left at its end
 * @throws TypeError — no such subtree
 */
export function pathOf(target: Range, size: number): readonly PathStep[] {
  const { start, end } = target;
  if (![start, end, size].every(Number.isSafeInteger) || start < 0 || end <= start || end > size)
    throw new TypeError(`no entries ${start} to ${end} in a tree of ${size}`);
  const steps: PathStep[] = [];
  let [low, high] = [0, size];
  while (low !== start || high !== end) {
    if (high - low < 2) throw new TypeError(`entries ${start} to ${end} are no subtree of a tree of ${size}`);
    const middle = low + splitPoint(high - low);
    if (end <= middle) {
      steps.push({ start: middle, end: high, side: "right" });
      high = middle;
    } else {
      steps.push({ start: low, end: middle, side: "left" });
      low = middle;
    }
    if (start < low) throw new TypeError(`entries ${start} to ${end} are no subtree of a tree of ${size}`);
  }
  return steps.reverse();
}

/** The ranges whose hashes prove entry `index` in the tree of `size`, leaf's sibling first. @see RFC 6962 §2.1.1 */
export function inclusionRanges(index: number, size: number): readonly Range[] {
  return pathOf({ start: index, end: index + 1 }, size);
}

/**
 * Where the old tree's right edge stands in the new tree: the last subtree that both have whole, and the way up from it.
 * @param oldSize 0 < oldSize ≤ newSize
 */
export function commonEdge(oldSize: number, newSize: number): { seed: Range; steps: readonly PathStep[] } {
  if (![oldSize, newSize].every(Number.isSafeInteger) || oldSize <= 0 || oldSize > newSize)
    throw new TypeError(`no proof from size ${oldSize} to size ${newSize}`);
  let [low, high] = [0, newSize];
  while (oldSize !== high) {
    const middle = low + splitPoint(high - low);
    if (oldSize <= middle) high = middle;
    else low = middle;
  }
  const seed = { start: low, end: high };
  return { seed, steps: pathOf(seed, newSize) };
}

/** The ranges whose hashes prove that the tree of `newSize` begins with that of `oldSize`. @see RFC 6962 §2.1.2 */
export function consistencyRanges(oldSize: number, newSize: number): readonly Range[] {
  // From nothing, or to itself: nothing to prove.
  if (oldSize === newSize || oldSize === 0) return [];
  const { seed, steps } = commonEdge(oldSize, newSize);
  // A seed that is the whole old tree is known to who verifies.
  return seed.start === 0 ? steps : [seed, ...steps];
}

/** The perfect subtrees that make up a range that is a subtree; left to right, largest first. */
export function rangeNodes(range: Range): readonly TreeNode[] {
  const nodes: TreeNode[] = [];
  let at = range.start;
  while (at < range.end) {
    let [level, width] = [0, 1];
    while (at % (width * 2) === 0 && at + width * 2 <= range.end) {
      level++;
      width *= 2;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** The hash of a range that is a subtree. */
export async function rangeHash(range: Range, read: HashReader): Promise<Uint8Array> {
  const hashes = await Promise.all(rangeNodes(range).map(({ level, index }) => read(level, index)));
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** The hashes that prove entry `index` in the tree of `size`. */
export async function proveInclusion(index: number, size: number, read: HashReader): Promise<Uint8Array[]> {
  return Promise.all(inclusionRanges(index, size).map((range) => rangeHash(range, read)));
}

/** The hashes that prove that the tree of `newSize` begins with that of `oldSize`. */
export async function proveConsistency(
  oldSize: number,
  newSize: number,
  read: HashReader,
): Promise<Uint8Array[]> {
  return Promise.all(consistencyRanges(oldSize, newSize).map((range) => rangeHash(range, read)));
}
