/** Small files, read and written with care. */

import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CountersignError, fail, isSafeName, type NamedFile, type Source } from "@countersign/core";
import { fileSource } from "./file-source.ts";
import { reason } from "./reason.ts";

/**
 * All bytes of a regular file.
 * @param limit bytes at most
 * @throws FILE_UNREADABLE · FILE_TOO_LARGE
 */
export async function readSmallFile(path: string, limit: number): Promise<Uint8Array> {
  // Without O_NONBLOCK, opening a pipe would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause) =>
    fail("FILE_UNREADABLE", `${path} cannot be read: ${reason(cause)}`, { cause, where: path }),
  );
  try {
    const stat = await file.stat();
    if (!stat.isFile()) fail("FILE_UNREADABLE", `${path} is not a regular file`, { where: path });
    if (stat.size > limit)
      fail("FILE_TOO_LARGE", `${path} has ${stat.size} bytes, more than ${limit}`, { where: path });
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

/**
 * Writes a new file whole or not at all; flushed. Equal bytes that stand there already are fine.
 * @param mode 0o600 for secrets
 * @throws FILE_EXISTS — other bytes stand there and `replace` was not asked for
 */
export async function writeNewFile(
  path: string,
  bytes: Uint8Array,
  { mode = 0o644, replace = false } = {},
): Promise<"written" | "same"> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  const file = await open(temporary, "wx", mode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    if (replace) await rename(temporary, path);
    else await link(temporary, path);
    return "written";
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST")
      throw new CountersignError("FILE_UNREADABLE", `${path} cannot be written: ${reason(cause)}`, {
        cause,
        where: path,
      });
    const there = await readSmallFile(path, Math.max(bytes.length, 1)).catch(() => undefined);
    if (there && Buffer.from(there).equals(bytes)) return "same";
    return fail("FILE_EXISTS", `${path} exists, with other bytes`, { where: path });
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** The regular files of a directory with names that a release may have, as evidence and as sources. */
export interface DirectoryFiles {
  readonly path: string;
  readonly names: readonly string[];
  /** Files that cannot be of a release, by their names. Unchecked text. */
  readonly others: readonly string[];
  named(): readonly NamedFile[];
  source(name: string): Promise<Source>;
}

/** @throws FILE_UNREADABLE */
export async function listDirectory(path: string): Promise<DirectoryFiles> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause) =>
    fail("FILE_UNREADABLE", `${path} cannot be read: ${reason(cause)}`, { cause, where: path }),
  );
  const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => name);
  const names = files.filter(isSafeName).sort();
  return {
    path,
    names,
    others: files.filter((name) => !isSafeName(name)).sort(),
    named: () => names.map((name) => ({ name, read: (limit) => readSmallFile(join(path, name), limit) })),
    source: (name) => fileSource(join(path, name)),
  };
}
