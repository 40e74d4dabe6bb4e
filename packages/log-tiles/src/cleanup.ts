/** Removes what a writer that died left behind: temporary files, and tiles that no checkpoint names. */

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { hashesAtLevel, type Tile, tilePath, tileWidth } from "@countersign/core";
import { privateDirectory } from "./durable.ts";
import { readOwner } from "./lock.ts";
import { isDead } from "./owner.ts";

/** Removes temporary files of writers that died. Called by who holds the lock: nobody else writes tiles now. */
export async function removeTemporary(directory: string): Promise<void> {
  const own = join(directory, privateDirectory);
  for (const name of await list(own)) {
    const path = join(own, name);
    // Others may be about to link their own lock files: those of the living stay.
    const waiting = /^lock(?:\.break)*-/.test(name) ? await readOwner(path) : undefined;
    const ended = waiting !== undefined && (await isDead(waiting));
    if (ended || /^tmp-[0-9a-f]{24}$/.test(name)) await rm(path, { force: true });
  }
}

/**
 * Called by who holds the lock. What is not named like a tile is left alone.
 * @param size of the tree that the checkpoint names
 */
export async function removeUncommitted(directory: string, size: number): Promise<void> {
  for (const level of await list(join(directory, "tile")))
    for (const path of await list(join(directory, "tile", level), true)) {
      const tile = parseTilePath(level, path);
      if (tile !== undefined && !isCommitted(tile, size)) await rm(join(directory, tilePath(tile)));
    }
}

/** Removes the partial tiles that stand beside these full ones; the specification allows it. Not needed for soundness. */
export async function removePartials(directory: string, full: readonly Tile[]): Promise<void> {
  await Promise.all(
    full.map((tile) =>
      rm(join(directory, `${tilePath(tile)}.p`), { recursive: true, force: true }).catch(() => undefined),
    ),
  );
}

function isCommitted(tile: Tile, size: number): boolean {
  const hashes = hashesAtLevel(size, tile.level === "entries" ? 0 : tile.level);
  return tile.index * tileWidth + tile.width <= hashes;
}

function parseTilePath(level: string, path: string): Tile | undefined {
  const [, groups, width] = /^((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path) ?? [];
  if (groups === undefined || !/^(?:entries|\d|[1-5]\d|6[0-3])$/.test(level)) return undefined;
  const tile: Tile = {
    level: level === "entries" ? level : Number(level),
    index: Number(groups.replace(/[x/]/g, "")),
    width: width === undefined ? tileWidth : Number(width),
  };
  const sound = Number.isSafeInteger(tile.index) && (width === undefined || tile.width < tileWidth);
  return sound && tilePath(tile) === `tile/${level}/${path}` ? tile : undefined;
}

async function list(path: string, recursive = false): Promise<string[]> {
  try {
    return (await readdir(path, { recursive })).map((name) => name.replaceAll("\\", "/"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
