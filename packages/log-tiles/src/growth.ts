/** How a tiled tree grows: its right edge, the tiles that become full, the partial ones at the end. */

import { hashesAtLevel, type Tile, tileWidth, treeRoot } from "@countersign/core";

/** The right edge of a tree: for each tile level the hashes of its last, partial tile (none: the level ends full). */
export interface Edge {
  size: number;
  readonly levels: Uint8Array[][];
}

export interface HashTile {
  readonly tile: Tile & { readonly level: number };
  readonly hashes: readonly Uint8Array[];
}

export function emptyEdge(): Edge {
  return { size: 0, levels: [] };
}

export function copyEdge(edge: Edge): Edge {
  return { size: edge.size, levels: edge.levels.map((hashes) => [...hashes]) };
}

/** Adds the hash of an entry. @returns the tiles that it made full, lowest level first; mostly none */
export function addLeaf(edge: Edge, leaf: Uint8Array): HashTile[] {
  const full: HashTile[] = [];
  edge.size++;
  let hash = leaf;
  for (let level = 0; ; level++) {
    const hashes = edge.levels[level] ?? [];
    edge.levels[level] = hashes;
    hashes.push(hash);
    if (hashes.length < tileWidth) return full;
    const index = hashesAtLevel(edge.size, level) / tileWidth - 1;
    full.push({ tile: { level, index, width: tileWidth }, hashes });
    edge.levels[level] = [];
    hash = treeRoot(hashes);
  }
}

/** The partial tiles of the tree that a tree of `since` entries did not have; `since` 0: all. */
export function partialTiles(edge: Edge, since: number): HashTile[] {
  return edge.levels.flatMap((hashes, level) => {
    const count = hashesAtLevel(edge.size, level);
    if (hashes.length === 0 || count === hashesAtLevel(since, level)) return [];
    const tile = { level, index: Math.floor(count / tileWidth), width: hashes.length };
    return [{ tile, hashes: [...hashes] }];
  });
}

/** RFC 6962 root of the whole tree. */
export function edgeRoot(edge: Edge): Uint8Array {
  // What is ragged below stands as the last, smaller block of the level above.
  let ragged: Uint8Array[] = [];
  for (const hashes of edge.levels) {
    const row = [...hashes, ...ragged];
    ragged = row.length === 0 ? [] : [treeRoot(row)];
  }
  return ragged[0] ?? treeRoot([]);
}
