/** Files that are whole or not there, and on disk when we say so. */

import { randomBytes } from "node:crypto";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** The writer's own room inside the log: lock and temporary files. No web server has a business there (mode 0700). */
export const privateDirectory = ".writer";

export interface NewFile {
  /** Relative to the log's directory. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Files at a time: enough to keep a disk busy, few enough for any limit on open files. */
const parallel = 16;

/**
 * Writes files, each whole or not at all, over what stood there; all on disk when it returns, with their directories.
 * Their order on disk is not defined.
 */
export async function writeFiles(directory: string, files: readonly NewFile[]): Promise<void> {
  const touched = new Set<string>();
  for (let i = 0; i < files.length; i += parallel)
    await Promise.all(
      files.slice(i, i + parallel).map(async ({ path, bytes }) => {
        const target = join(directory, path);
        await makeDirectory(dirname(target));
        // Every directory up to the log's, made now or not: who made it may have died before it was on disk.
        for (let at = dirname(path); ; at = dirname(at)) {
          touched.add(join(directory, at));
          if (at === ".") break;
        }
        const temporary = await writeTemporary(directory, bytes);
        await rename(temporary, target);
      }),
    );
  const directories = [...touched];
  for (let i = 0; i < directories.length; i += parallel)
    await Promise.all(directories.slice(i, i + parallel).map(syncDirectory));
}

/** Writes one new file; on disk when it returns. @returns false — the name is taken, and nothing was changed */
export async function createFile(directory: string, path: string, bytes: Uint8Array): Promise<boolean> {
  const target = join(directory, path);
  const temporary = await writeTemporary(directory, bytes);
  try {
    await link(temporary, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(dirname(target));
  return true;
}

/** Makes a directory and those above it. @returns the directories whose lists of names changed */
export async function makeDirectory(relative: string, mode?: number): Promise<string[]> {
  const path = resolve(relative);
  const first = await mkdir(path, { recursive: true, ...(mode === undefined ? {} : { mode }) });
  if (first === undefined) return [];
  const changed: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    changed.push(dirname(at));
    if (at === first || dirname(at) === at) return changed;
  }
}

export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory; its file systems keep names in their journal.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function writeTemporary(directory: string, bytes: Uint8Array): Promise<string> {
  const path = join(directory, privateDirectory, `tmp-${randomBytes(12).toString("hex")}`);
  const file = await open(path, "wx", 0o666);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return path;
}
