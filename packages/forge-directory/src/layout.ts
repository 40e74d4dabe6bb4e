/**
 * ROOT/VERSION/ holds a published release with its index.json; ROOT/.countersign-staged/VERSION/ one that is staged, in a
 * directory that only its owner may enter; ROOT/releases.json lists what is published.
 */

import { join, normalize, resolve } from "node:path";
import { fail, type Place, printable } from "@countersign/core";
import { type DirectoryFs, isFile, removeLeftovers, statAt } from "./disk.ts";
import { checkVersion, indexName, isVersion, listName } from "./names.ts";

export const forgeId = "directory";
const prefix = `${forgeId}:`;

export interface Root {
  readonly path: string;
  readonly list: string;
  readonly staging: string;
  /** Files on their way; on the same file system as both kinds of releases. */
  readonly temporary: string;
}

export interface ReleasePaths extends Root {
  readonly version: string;
  readonly staged: string;
  readonly published: string;
}

/**
 * `directory:PATH` or `directory:PATH@VERSION`; a path whose last part holds an @ is written with a slash after it.
 * @throws LOCATOR_UNKNOWN
 */
export function parseLocator(locator: string): Place | undefined {
  if (!locator.startsWith(prefix)) return undefined;
  const rest = locator.slice(prefix.length);
  const at = rest.lastIndexOf("@");
  const versioned = at >= 0 && !rest.slice(at).includes("/");
  const path = versioned ? rest.slice(0, at) : rest;
  const version = versioned ? rest.slice(at + 1) : undefined;
  if (path === "" || path.includes("\0") || (version !== undefined && !isVersion(version)))
    return fail(
      "LOCATOR_UNKNOWN",
      `expected directory:PATH or directory:PATH@VERSION, found ${printable(locator)}`,
    );
  const base = prefix + (normalize(path).replace(/(.)\/+$/, "$1") || ".");
  return { forge: forgeId, base, ...(version !== undefined && { version }) };
}

export function rootOf({ forge, base }: Place): Root {
  if (forge !== forgeId || !base.startsWith(prefix))
    throw new TypeError(`not a place of this forge: ${base}`);
  const path = resolve(base.slice(prefix.length));
  const staging = join(path, ".countersign-staged");
  return { path, list: join(path, listName), staging, temporary: join(staging, ".tmp") };
}

/** @throws NAME_REFUSED */
export function releasePaths(place: Place & { readonly version: string }): ReleasePaths {
  const root = rootOf(place);
  const version = checkVersion(place.version, place.base);
  return { ...root, version, staged: join(root.staging, version), published: join(root.path, version) };
}

export function isPublished(fs: DirectoryFs, { published }: ReleasePaths): Promise<boolean> {
  return isFile(fs, join(published, indexName));
}

/**
 * Makes the directories for writing. A web server that runs as another user cannot enter the staging one.
 * @throws FILE_UNREADABLE — a link or a file in place of a directory
 */
export async function prepare(fs: DirectoryFs, { path, staging, temporary }: Root): Promise<void> {
  await fs.mkdir(path, { recursive: true });
  for (const directory of [staging, temporary]) {
    await makeDirectory(fs, directory, 0o700);
    const stat = await statAt(fs, directory);
    if (stat !== undefined && (stat.mode & 0o077) !== 0) await fs.chmod(directory, 0o700);
  }
  await removeLeftovers(fs, temporary);
}

export async function makeDirectory(fs: DirectoryFs, path: string, mode: number): Promise<void> {
  await fs.mkdir(path, { mode }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const stat = await statAt(fs, path);
  if (stat !== undefined && !stat.isDirectory())
    fail(
      "FILE_UNREADABLE",
      `expected a directory, found ${stat.isSymbolicLink() ? "a symbolic link" : "a file"}`,
      {
        where: path,
      },
    );
}
