/** A file on disk as a Source: its size is fixed when it is named, and it may not change while it is read. */

import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { CountersignError, fail, type Source } from "@countersign/core";
import { reason } from "./reason.ts";

/** Larger chunks fall out of the processor's cache: slower to hash. */
const chunkSize = 256 * 1024;

/**
 * A regular file. Opened anew for each reading; symbolic links to it are followed.
 *
 * @throws FILE_UNREADABLE — missing, not permitted, or no regular file (a directory, a FIFO, a device)
 */
export async function fileSource(path: string): Promise<Source> {
  const handle = await openFile(path);
  const first = await handle.stat().finally(() => handle.close());
  return {
    name: basename(path),
    size: first.size,
    open: ({ start = 0, signal } = {}) => readFrom(path, first, start, signal),
    sha256: ({ signal, onBytes } = {}) => hash(path, first, signal, onBytes),
  };
}

/** Opens without waiting (a FIFO would block) and makes sure that it is a regular file. */
async function openFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (cause: NodeJS.ErrnoException) =>
      fail("FILE_UNREADABLE", `${path} cannot be read: ${reason(cause)}`, { where: path, cause }),
  );
  try {
    if ((await handle.stat()).isFile()) return handle;
    return fail("FILE_UNREADABLE", `${path} is not a regular file`, { where: path });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openSame(path: string, first: Stats): Promise<FileHandle> {
  const handle = await openFile(path);
  try {
    await checkSame(handle, path, first);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function checkSame(handle: FileHandle, path: string, first: Stats): Promise<void> {
  const now = await handle.stat();
  const changed = (["dev", "ino", "size", "mtimeMs"] as const).find((field) => now[field] !== first[field]);
  if (changed !== undefined)
    throw changedError(path, changed === "size" ? `${now.size} bytes` : `another ${changed}`, first);
}

function changedError(path: string, found: string, first: Stats): CountersignError {
  return new CountersignError(
    "FILE_CHANGED",
    `expected the ${first.size} bytes that were there, found ${found}`,
    {
      where: path,
    },
  );
}

function readFrom(
  path: string,
  first: Stats,
  start: number,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  let handle: FileHandle | undefined;
  let at = start;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          checkAbort(signal, path);
          handle ??= await openSame(path, first);
          const buffer = Buffer.allocUnsafeSlow(Math.min(chunkSize, first.size - at + 1));
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
          at += bytesRead;
          if (at > first.size) throw changedError(path, "more", first);
          if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
          await checkSame(handle, path, first);
          if (at < first.size) throw changedError(path, `${at}`, first);
          await handle.close();
          controller.close();
        } catch (error) {
          await handle?.close();
          throw error;
        }
      },
      cancel: () => handle?.close(),
    },
    { highWaterMark: 1 },
  );
}

/** One buffer is hashed while the next is read: as fast as the hash alone. */
async function hash(
  path: string,
  first: Stats,
  signal: AbortSignal | undefined,
  onBytes: ((count: number) => void) | undefined,
): Promise<Uint8Array> {
  const handle = await openSame(path, first);
  try {
    const sha256 = createHash("sha256");
    let [full, free] = [Buffer.allocUnsafeSlow(chunkSize), Buffer.allocUnsafeSlow(chunkSize)];
    let at = 0;
    let pending = handle.read(full, 0, chunkSize, at);
    for (;;) {
      const { bytesRead } = await pending;
      if (bytesRead === 0) break;
      checkAbort(signal, path);
      at += bytesRead;
      if (at > first.size) throw changedError(path, "more", first);
      pending = handle.read(free, 0, chunkSize, at);
      sha256.update(full.subarray(0, bytesRead));
      onBytes?.(bytesRead);
      [full, free] = [free, full];
    }
    if (at < first.size) throw changedError(path, `${at}`, first);
    await checkSame(handle, path, first);
    return new Uint8Array(sha256.digest());
  } finally {
    await handle.close();
  }
}

function checkAbort(signal: AbortSignal | undefined, path: string): void {
  if (signal?.aborted) fail("ABORTED", "reading was stopped", { where: path, cause: signal.reason });
}
