/** Where `get` puts files: NAME.partial until core says that it is verified, then NAME, and never over something else. */

import { constants, type Stats } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { CountersignError, checkName, equalBytes, fail, type Sink, type Source } from "@countersign/core";
import { fileSource } from "./file-source.ts";

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
/** Chunks off the network are small; disks like larger writes. */
const batchSize = 1024 * 1024;

/**
 * Files in `directory`, which is made where it is missing. A partial file is continued by the next run. Symbolic links
 * in place of files are refused: they would write somewhere else.
 *
 * @throws NAME_REFUSED — from each method, for a name that is no file name of a release
 * @throws FILE_UNREADABLE — from each method: not permitted, or no regular file
 */
export function directorySink(directory: string): Sink {
  const finalPath = (name: string): string => join(directory, checkName(name, directory));
  const partialPath = (name: string): string => `${finalPath(name)}.partial`;

  return {
    async partial(name) {
      const stat = await statRegular(partialPath(name));
      // A second link: an earlier run gave it its final name and was stopped. It is not to be written to.
      return stat === undefined || stat.nlink !== 1 ? 0 : stat.size;
    },

    readPartial(name) {
      const path = partialPath(name);
      let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            reader ??= await readRegular(path);
            const { done, value } = await reader.read();
            if (done) controller.close();
            else controller.enqueue(value);
          },
          cancel: (reason) => reader?.cancel(reason),
        },
        { highWaterMark: 0 },
      );
    },

    async write(name, start) {
      const path = partialPath(name);
      await mkdir(directory, { recursive: true }).catch((cause) => unreadable(directory, cause));
      return fileWriter(start === 0 ? await openNew(path) : await openPartial(path, start), path, start);
    },

    async commit(name) {
      const from = partialPath(name);
      const to = finalPath(name);
      const stat = await statRegular(from);
      if (stat === undefined) fail("FILE_UNREADABLE", `expected ${from}, found nothing`, { where: from });
      await give(from, to);
      await syncDirectory(directory);
    },

    async discard(name) {
      const path = partialPath(name);
      if ((await statRegular(path)) !== undefined) await remove(path);
    },

    async existing(name) {
      const path = finalPath(name);
      return (await statRegular(path)) === undefined ? undefined : fileSource(path);
    },
  };
}

/** A hard link never replaces; `rename` would. */
async function give(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      if (!(await sameBytes(from, to)))
        fail("FILE_EXISTS", `other bytes stand under the name ${to}`, { where: to, cause: error });
    } else if (code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "ENOSYS") {
      // File systems without hard links (FAT): looked at first, though somebody could come between.
      if ((await statRegular(to)) === undefined) return rename(from, to);
      if (!(await sameBytes(from, to)))
        fail("FILE_EXISTS", `other bytes stand under the name ${to}`, { where: to, cause: error });
    } else unreadable(to, error);
  }
  await remove(from);
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const [left, right] = [await statRegular(a), await statRegular(b)];
  if (left === undefined || right === undefined || left.size !== right.size) return false;
  if (left.dev === right.dev && left.ino === right.ino) return true;
  const digests = await Promise.all([a, b].map(async (path) => (await fileSource(path)).sha256?.()));
  return digests[0] !== undefined && digests[1] !== undefined && equalBytes(digests[0], digests[1]);
}

async function statRegular(path: string): Promise<Stats | undefined> {
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? undefined : unreadable(path, error),
  );
  if (stat !== undefined && !stat.isFile())
    fail(
      "FILE_UNREADABLE",
      `expected a regular file, found ${stat.isSymbolicLink() ? "a symbolic link" : "something else"}`,
      {
        where: path,
      },
    );
  return stat;
}

async function readRegular(path: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  if ((await statRegular(path)) === undefined)
    fail("FILE_UNREADABLE", `${path} is not there`, { where: path });
  const source: Source = await fileSource(path);
  return source.open().getReader();
}

async function openNew(path: string): Promise<FileHandle> {
  // Removed rather than truncated: the old file could have a second name.
  if ((await statRegular(path)) !== undefined) await remove(path);
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666).catch((cause) =>
    unreadable(path, cause),
  );
}

async function openPartial(path: string, start: number): Promise<FileHandle> {
  const handle = await open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK).catch((cause) =>
    unreadable(path, cause),
  );
  const stat = await handle.stat();
  if (stat.isFile() && stat.nlink === 1 && stat.size >= start) {
    await handle.truncate(start);
    return handle;
  }
  await handle.close();
  return fail("FILE_CHANGED", `expected a partial file of at least ${start} bytes, found another file`, {
    where: path,
  });
}

/** Collects chunks and writes them in larger pieces, one on its way while the next is collected. */
function fileWriter(handle: FileHandle, path: string, start: number): WritableStream<Uint8Array> {
  let at = start;
  let batch: Uint8Array[] = [];
  let size = 0;
  let pending: Promise<unknown> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await pending;
    const [parts, position, length] = [batch, at, size];
    at += length;
    batch = [];
    size = 0;
    if (length === 0) return;
    pending = writeAll(handle, parts, position, length);
    // Reported by the next flush; until then it must not count as unhandled.
    pending.catch(() => undefined);
  };
  const guard = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      await handle.close().catch(() => undefined);
      unreadable(path, error);
    }
  };
  return new WritableStream<Uint8Array>(
    {
      write(chunk) {
        batch.push(chunk);
        size += chunk.length;
        return size < batchSize ? undefined : guard(flush);
      },
      close: () =>
        guard(async () => {
          await flush();
          await pending;
          await handle.sync();
          await handle.close();
        }),
      // What came so far is kept: the next run continues there.
      abort: () =>
        guard(async () => {
          await flush();
          await pending;
          await handle.close();
        }),
    },
    { highWaterMark: 16 },
  );
}

async function writeAll(
  handle: FileHandle,
  parts: Uint8Array[],
  position: number,
  length: number,
): Promise<void> {
  const { bytesWritten } = await handle.writev(parts, position);
  if (bytesWritten === length) return;
  // A disk that is nearly full takes a part; the rest then fails with the reason.
  const rest = Buffer.concat(parts).subarray(bytesWritten);
  for (let done = 0; done < rest.length; ) {
    const next = await handle.write(rest, done, rest.length - done, position + bytesWritten + done);
    done += next.bytesWritten;
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? undefined : unreadable(path, error),
  );
}

/** The name itself is on disk only after this. Systems that cannot (Windows) do it on their own. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function unreadable(path: string, cause: unknown): never {
  if (cause instanceof CountersignError) throw cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  return fail("FILE_UNREADABLE", `cannot use ${path} (${code ?? message})`, { where: path, cause });
}
