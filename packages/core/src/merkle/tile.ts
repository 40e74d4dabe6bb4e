/** Tiles: 256 consecutive hashes of every eighth level as one file. See c2sp.org/tlog-tiles. */

import type { TreeNode } from "./range.ts";

/** Hashes in a full tile, entries in a full bundle. */
export const tileWidth = 256;

/** One file of a tiled log. */
export interface Tile {
  /** 0: hashes of entries; each level above holds the roots of full tiles below. "entries": the entries themselves. */
  readonly level: number | "entries";
  readonly index: number;
  /** 1 to 256; below 256 it is the partial tile at the tree's edge. */
  readonly width: number;
}

/**
 * Path of a tile, relative to the log: `tile/0/x001/234.p/5`.
 * @throws TypeError — a level above 63, a width outside 1 to 256
 */
export function tilePath(tile: Tile): string {
  const { level, index, width } = tile;
  if (level !== "entries" && !(Number.isInteger(level) && level >= 0 && level <= 63))
    throw new TypeError(`no tile level ${level}`);
  if (!Number.isSafeInteger(index) || index < 0) throw new TypeError(`no tile index ${index}`);
  if (!Number.isInteger(width) || width < 1 || width > tileWidth)
    throw new TypeError(`no tile width ${width}`);
  let path = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  return `tile/${level}/${path}${width === tileWidth ? "" : `.p/${width}`}`;
}

/** How many hashes the tree of `size` entries has at tile level `level` (entries: 0). */
export function hashesAtLevel(size: number, level: number): number {
  // Division by a power of two is exact in doubles, so the floor is too.
  return Math.floor(size / tileWidth ** level);
}

/** Width of the tile `index` at `level` in the tree of `size`; 0: there is none. */
export function tileWidthAt(size: number, level: number | "entries", index: number): number {
  const hashes = hashesAtLevel(size, level === "entries" ? 0 : level);
  return Math.max(0, Math.min(tileWidth, hashes - index * tileWidth));
}

/** Which hashes of which tile make a perfect subtree: hashes `from` (inclusive) to `to` (exclusive) of `tile`. */
export function tileOfNode(
  node: TreeNode,
  size: number,
): { readonly tile: Tile & { readonly level: number }; readonly from: number; readonly to: number } {
  const level = Math.floor(node.level / 8);
  const span = 2 ** (node.level % 8);
  const first = node.index * span;
  const index = Math.floor(first / tileWidth);
  const from = first % tileWidth;
  const width = tileWidthAt(size, level, index);
  if (from + span > width)
    throw new TypeError(`no subtree ${node.index} of level ${node.level} in a tree of ${size}`);
  return { tile: { level, index, width }, from, to: from + span };
}

/** The tiles of a tree of `size` at one level, left to right, from tile `first` on. */
export function* tilesAtLevel(size: number, level: number | "entries", first = 0): Generator<Tile> {
  for (let index = first; ; index++) {
    const width = tileWidthAt(size, level, index);
    if (width === 0) return;
    yield { level, index, width };
  }
}
