/** What is in the directories, and the index files that say so to readers over the web. */

import type { Stats } from "node:fs";
import { join } from "node:path";
import { bytesSource, equalBytes, isCountersignError, readAll } from "@countersign/core";
import { codeOf, type DirectoryFs, hashFile, isFile, readFrom, replaceFile, statAt } from "./disk.ts";
import {
  formatIndex,
  formatList,
  type IndexEntry,
  type ListEntry,
  maxIndexSize,
  parseIndex,
  type ReleaseIndex,
} from "./index-file.ts";
import type { Root } from "./layout.ts";
import { indexName, isAssetName, isVersion } from "./names.ts";

export interface FileEntry {
  readonly name: string;
  readonly stat: Stats;
}

export interface Listing {
  /** Regular files that can be assets, sorted by name. */
  readonly files: readonly FileEntry[];
  /** Names of everything else but the index. */
  readonly odd: readonly string[];
}

export async function listFiles(fs: DirectoryFs, directory: string): Promise<Listing> {
  const files: FileEntry[] = [];
  const odd: string[] = [];
  for (const name of (await fs.readdir(directory)).sort()) {
    if (name === indexName) continue;
    const stat = await statAt(fs, join(directory, name));
    if (stat?.isFile() && isAssetName(name)) files.push({ name, stat });
    else if (stat) odd.push(name);
  }
  return { files, odd };
}

/** The index of a release, if it can be read. Ours may be damaged; it is made again from the files. */
export async function readIndex(fs: DirectoryFs, directory: string): Promise<ReleaseIndex | undefined> {
  const path = join(directory, indexName);
  try {
    return parseIndex(await readAll(readFrom(fs, path, undefined), maxIndexSize, path), path);
  } catch (error) {
    if (isCountersignError(error) && error.code !== "ACCESS_REFUSED") return undefined;
    throw error;
  }
}

/** Same file, same bytes, as far as the file system tells. */
export function fingerprint({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

/** Entries for these files; digests that `known` has are kept. */
export async function hashEntries(
  fs: DirectoryFs,
  directory: string,
  files: readonly FileEntry[],
  known: (file: FileEntry) => string | undefined,
  signal?: AbortSignal,
): Promise<readonly IndexEntry[]> {
  const entries: IndexEntry[] = [];
  for (const file of files) {
    const sha256 = known(file) ?? (await hashFile(fs, join(directory, file.name), signal));
    entries.push({ name: file.name, size: file.stat.size, sha256 });
  }
  return entries;
}

/**
 * Makes a published release's index say what is there. Two writers at once: whoever writes last looks again after it.
 * @param known digests that need not be computed again; without it, those of the old index
 */
export async function refreshIndex(
  fs: DirectoryFs,
  { temporary }: Root,
  directory: string,
  version: string,
  known?: (file: FileEntry) => string | undefined,
): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const old = await readIndex(fs, directory);
    const fromOld = ({ name, stat }: FileEntry): string | undefined =>
      old?.files.find((entry) => entry.name === name && entry.size === stat.size)?.sha256;
    const { files } = await listFiles(fs, directory);
    const entries = await hashEntries(fs, directory, files, round === 0 && known ? known : fromOld);
    const bytes = formatIndex({ version, files: entries });
    if (old && equalBytes(formatIndex(old), bytes)) return;
    await replaceFile(fs, temporary, join(directory, indexName), bytesSource(indexName, bytes));
  }
}

/** Versions that are published: directories with an index. */
export async function publishedVersions(fs: DirectoryFs, root: Root): Promise<readonly string[]> {
  return filterVersions(fs, root.path, (directory) => isFile(fs, join(directory, indexName)));
}

/** Versions that are staged: directories in the staging directory. None for those who may not look. */
export async function stagedVersions(fs: DirectoryFs, root: Root): Promise<readonly string[]> {
  try {
    return await filterVersions(fs, root.staging, async () => true);
  } catch (error) {
    if (codeOf(error) === "EACCES") return [];
    throw error;
  }
}

async function filterVersions(
  fs: DirectoryFs,
  parent: string,
  accept: (directory: string) => Promise<boolean>,
): Promise<readonly string[]> {
  // A link to another directory could be anything's, and over the web it could leave the root.
  if (!(await statAt(fs, parent))?.isDirectory()) return [];
  const versions: string[] = [];
  for (const name of (await fs.readdir(parent)).sort()) {
    const directory = join(parent, name);
    if (isVersion(name) && (await statAt(fs, directory))?.isDirectory() && (await accept(directory)))
      versions.push(name);
  }
  return versions;
}

/** Makes releases.json say what is published. */
export async function refreshList(fs: DirectoryFs, root: Root): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const releases: ListEntry[] = [];
    for (const version of await publishedVersions(fs, root)) {
      const index = await readIndex(fs, join(root.path, version));
      if (index) releases.push({ version, files: index.files.length });
    }
    const bytes = formatList(releases);
    if (await hasBytes(fs, root.list, bytes)) return;
    await replaceFile(fs, root.temporary, root.list, bytesSource("releases.json", bytes));
  }
}

async function hasBytes(fs: DirectoryFs, path: string, bytes: Uint8Array): Promise<boolean> {
  if ((await statAt(fs, path))?.size !== bytes.length) return false;
  try {
    return equalBytes(await readAll(readFrom(fs, path, undefined), maxIndexSize, path), bytes);
  } catch (error) {
    if (isCountersignError(error) || codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
