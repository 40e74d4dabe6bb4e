/** Tiles and entry bundles: bytes to values and back. See c2sp.org/tlog-tiles. */

import { concatBytes, fail, type Tile, tilePath, tileWidth } from "@countersign/core";
import type { LogFiles, ReadOptions } from "./log-files.ts";

/** Longest entry in bytes: its length stands in 16 bits. */
export const maxEntrySize = 0xffff;
const hashSize = 32;

/** The hashes of a tile. @throws LOG_MALFORMED — missing, or of another size */
export async function readTile(
  files: LogFiles,
  tile: Tile & { readonly level: number },
  options?: ReadOptions,
): Promise<Uint8Array[]> {
  const { bytes, width, where } = await readFile(files, tile, (hashes) => hashes * hashSize, options);
  if (bytes.length !== width * hashSize)
    return fail("LOG_MALFORMED", `${where} has ${bytes.length} bytes; expected ${width * hashSize}`, {
      where,
    });
  return Array.from({ length: tile.width }, (_, i) => bytes.subarray(i * hashSize, (i + 1) * hashSize));
}

/** The entries of a bundle. @throws LOG_MALFORMED — missing, cut, or of another number of entries */
export async function readBundle(
  files: LogFiles,
  bundle: { readonly index: number; readonly width: number },
  options?: ReadOptions,
): Promise<Uint8Array[]> {
  const most = (entries: number): number => entries * (2 + maxEntrySize);
  const file = await readFile(files, { ...bundle, level: "entries" }, most, options);
  const { bytes, width, where } = file;
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + 2;
    const end = start + (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    if (end > bytes.length)
      fail("LOG_MALFORMED", `${where} is cut in entry ${entries.length + 1}`, { where });
    entries.push(bytes.subarray(start, end));
    at = end;
  }
  if (entries.length !== width)
    fail("LOG_MALFORMED", `${where} has ${entries.length} entries; expected ${width}`, { where });
  return entries.slice(0, bundle.width);
}

/** @param entries at most 65,535 bytes each */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...entries.flatMap((e) => [Uint8Array.of(e.length >> 8, e.length & 0xff), e]));
}

async function readFile(
  files: LogFiles,
  tile: Tile,
  limit: (width: number) => number,
  options: ReadOptions | undefined,
): Promise<{ bytes: Uint8Array; width: number; where: string }> {
  const path = tilePath(tile);
  const bytes = await files.read(path, limit(tile.width), options);
  if (bytes !== undefined) return { bytes, width: tile.width, where: files.where(path) };
  // A log may remove partial tiles once the full one exists.
  const fullPath = tilePath({ ...tile, width: tileWidth });
  const full = tile.width < tileWidth ? await files.read(fullPath, limit(tileWidth), options) : undefined;
  if (full !== undefined) return { bytes: full, width: tileWidth, where: files.where(fullPath) };
  const where = files.where(path);
  return fail("LOG_MALFORMED", `${where} is missing, and the checkpoint says that it exists`, { where });
}
