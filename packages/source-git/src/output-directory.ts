/**
 * Where a release is made: files grow in a hidden directory and get their names at the end, all or none.
 * Nothing that stands there is replaced; a run that was killed is finished by running it again.
 */

import { createReadStream } from "node:fs";
import { link, mkdir, mkdtemp, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  CountersignError,
  checkName,
  createHasher,
  fail,
  isCountersignError,
  printable,
  toHex,
} from "@countersign/core";

export interface FinishedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface OutputFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes it to disk; it has no final name yet. */
  finish(): Promise<FinishedFile>;
}

export interface OutputDirectory {
  create(name: string): Promise<OutputFile>;
  /**
   * Gives all finished files their names.
   * @returns the names that stood there already, with the same bytes
   * @throws FILE_EXISTS — other bytes stand under one of the names; then nothing is renamed
   */
  commit(): Promise<readonly string[]>;
}

const hidden = ".countersign-";

/** Runs `work` with a new hidden directory below `path`, which is made if need be, and removes what is left of it. */
export async function inOutputDirectory<T>(
  path: string,
  work: (output: OutputDirectory) => Promise<T>,
): Promise<T> {
  let room: string;
  try {
    await mkdir(path, { recursive: true });
    await removeStale(path);
    room = await mkdtemp(join(path, `${hidden}${process.pid}-`));
  } catch (cause) {
    throw unwritable(path, cause);
  }
  const handles: { close(): Promise<void> }[] = [];
  const finished: FinishedFile[] = [];
  try {
    return await work({
      async create(name) {
        checkName(name, "a file of the release");
        const handle = await open(join(room, name), "wx").catch((cause: unknown) => {
          throw unwritable(path, cause);
        });
        handles.push(handle);
        const hasher = createHasher("sha256");
        let size = 0;
        return {
          async write(bytes) {
            hasher.update(bytes);
            for (let at = 0; at < bytes.length; ) {
              const { bytesWritten } = await handle.write(bytes, at).catch((cause: unknown) => {
                throw unwritable(path, cause);
              });
              at += bytesWritten;
            }
            size += bytes.length;
          },
          async finish() {
            await handle.sync();
            await handle.close();
            const file = { name, size, sha256: toHex(hasher.digest()) };
            finished.push(file);
            return file;
          },
        };
      },
      commit: async () => await commit(path, room, finished),
    });
  } finally {
    for (const handle of handles) await handle.close().catch(() => undefined);
    await rm(room, { recursive: true, force: true });
  }
}

async function commit(
  path: string,
  room: string,
  files: readonly FinishedFile[],
): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const file of files) if (await stands(path, file)) kept.push(file.name);
  for (const file of files) {
    if (kept.includes(file.name)) continue;
    const from = join(room, file.name);
    const to = join(path, file.name);
    try {
      // A link, unlike a rename, never replaces what another program put there meanwhile.
      await link(from, to);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "EEXIST" && (await stands(path, file))) continue;
      // Some file systems have no links.
      if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EMLINK")
        throw unwritable(path, cause);
      if (!(await stands(path, file))) await rename(from, to);
    }
  }
  const directory = await open(path, "r").catch(() => undefined);
  await directory?.sync().catch(() => undefined);
  await directory?.close();
  return kept;
}

/** Does this very file stand there? @throws FILE_EXISTS — something else does */
async function stands(path: string, file: FinishedFile): Promise<boolean> {
  const at = join(path, file.name);
  const found = await stat(at).catch((cause: NodeJS.ErrnoException) =>
    cause.code === "ENOENT" ? undefined : Promise.reject(unwritable(path, cause)),
  );
  if (found === undefined) return false;
  if (found.isFile() && found.size === file.size) {
    const hasher = createHasher("sha256");
    for await (const chunk of createReadStream(at)) hasher.update(chunk as Buffer);
    if (toHex(hasher.digest()) === file.sha256) return true;
  }
  return fail(
    "FILE_EXISTS",
    `${printable(file.name)} stands in ${printable(path)} already, with other bytes`,
    {
      where: at,
    },
  );
}

/** What runs that no longer live have left. */
async function removeStale(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    const pid = new RegExp(`^\\${hidden}(\\d+)-\\w{6}$`).exec(name)?.[1];
    if (pid !== undefined && !lives(Number(pid)))
      await rm(join(path, name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function unwritable(path: string, cause: unknown): CountersignError {
  if (isCountersignError(cause)) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
  return new CountersignError("FILE_UNREADABLE", `${printable(path)} cannot be written to (${code})`, {
    cause,
    where: path,
  });
}
