/** The file system, as this layout uses it: links are never followed, names appear whole, and what is done is on disk. */

import { createHash, randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import type * as promises from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { CountersignError, fail, isCountersignError, readStream, type Source } from "@countersign/core";

/** The part of `node:fs/promises` that is used; injected, so that tests can stop it anywhere. */
export type DirectoryFs = Pick<
  typeof promises,
  "access" | "chmod" | "link" | "lstat" | "mkdir" | "open" | "readdir" | "rename" | "rmdir" | "unlink"
>;

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
const chunkSize = 256 * 1024;

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** The system's code of a failure ("ENOENT"); undefined for errors of ours. */
export function codeOf(error: unknown): string | undefined {
  return isCountersignError(error) ? undefined : (error as NodeJS.ErrnoException).code;
}

/** A system's error as ours. */
export function asError(error: unknown, where: string): CountersignError {
  if (isCountersignError(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const ours =
    code === "EROFS"
      ? "PLACE_READONLY"
      : code === "EACCES" || code === "EPERM"
        ? "ACCESS_REFUSED"
        : "FILE_UNREADABLE";
  return new CountersignError(ours, `the file system refuses (${code ?? message})`, { where, cause: error });
}

/** What stands at `path` itself; undefined where nothing does. */
export async function statAt(fs: DirectoryFs, path: string): Promise<Stats | undefined> {
  try {
    return await fs.lstat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

export async function isDirectory(fs: DirectoryFs, path: string): Promise<boolean> {
  return (await statAt(fs, path))?.isDirectory() ?? false;
}

export async function isFile(fs: DirectoryFs, path: string): Promise<boolean> {
  return (await statAt(fs, path))?.isFile() ?? false;
}

/** A regular file's bytes from `start`. @throws FILE_UNREADABLE — a link or no regular file · FILE_CHANGED — on the stream */
export function readFrom(
  fs: DirectoryFs,
  path: string,
  size: number | undefined,
  start = 0,
  signal?: AbortSignal,
): ReadableStream<Uint8Array> {
  let handle: promises.FileHandle | undefined;
  let at = start;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        checkAbort(signal, path);
        handle ??= await openRegular(fs, path);
        const buffer = Buffer.allocUnsafeSlow(chunkSize);
        const { bytesRead } = await handle.read(buffer, 0, chunkSize, at);
        at += bytesRead;
        if (size !== undefined && (at > size || (bytesRead === 0 && at < size)))
          fail("FILE_CHANGED", `expected ${size} bytes, found ${at}`, { where: path });
        if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
        await handle.close();
        controller.close();
      } catch (error) {
        await handle?.close();
        throw asError(error, path);
      }
    },
    cancel: () => handle?.close(),
  });
}

/** Not a link, and never waiting for a FIFO's other end. */
async function openRegular(fs: DirectoryFs, path: string): Promise<promises.FileHandle> {
  const handle = await fs.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if ((await handle.stat()).isFile()) return handle;
    return fail("FILE_UNREADABLE", "expected a regular file", { where: path });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** SHA-256 in hex. */
export async function hashFile(fs: DirectoryFs, path: string, signal?: AbortSignal): Promise<string> {
  const handle = await openRegular(fs, path);
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafeSlow(chunkSize);
    for (let at = 0; ; ) {
      checkAbort(signal, path);
      const { bytesRead } = await handle.read(buffer, 0, chunkSize, at);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/**
 * All bytes of `file` in a new file of `directory`, on disk before it returns.
 * @throws FILE_CHANGED — it gave another number of bytes than it said
 */
export async function writeTemporary(
  fs: DirectoryFs,
  directory: string,
  file: Source,
  { signal, onBytes }: StreamOptions = {},
): Promise<{ path: string; sha256: string }> {
  const path = join(directory, `${host()}!${process.pid}!${randomBytes(8).toString("hex")}`);
  const handle = await fs.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of readStream(file.open({ signal }))) {
      checkAbort(signal, file.name);
      size += chunk.length;
      if (size > file.size) break;
      hash.update(chunk);
      await handle.writeFile(chunk);
      onBytes?.(chunk.length);
    }
    checkAbort(signal, file.name);
    if (size !== file.size)
      fail("FILE_CHANGED", `${file.name} should have ${file.size} bytes and gave ${size}`, {
        where: file.name,
      });
    await handle.chmod(0o644);
    await handle.sync();
    await handle.close();
    return { path, sha256: hash.digest("hex") };
  } catch (error) {
    await handle.close().catch(() => undefined);
    await removeQuietly(fs, path);
    throw error;
  }
}

/** Removes what processes of this machine left here that are no more. */
export async function removeLeftovers(fs: DirectoryFs, directory: string): Promise<void> {
  for (const name of await fs.readdir(directory)) {
    const [from, pid] = name.split("!");
    if (from === host() && !isAlive(Number(pid))) await removeQuietly(fs, join(directory, name));
  }
}

export async function removeQuietly(fs: DirectoryFs, path: string): Promise<void> {
  await fs.unlink(path).catch(() => undefined);
}

/** Names in a directory are on disk only after this. */
export async function syncDirectory(fs: DirectoryFs, path: string): Promise<void> {
  const handle = await fs.open(path, O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems cannot; they order names on their own.
    if (codeOf(error) !== "EINVAL" && codeOf(error) !== "EISDIR") throw error;
  } finally {
    await handle.close();
  }
}

/** `bytes` under this name in one step, over what stands there. */
export async function replaceFile(
  fs: DirectoryFs,
  temporary: string,
  path: string,
  content: Source,
): Promise<void> {
  const written = await writeTemporary(fs, temporary, content);
  try {
    await fs.rename(written.path, path);
  } catch (error) {
    await removeQuietly(fs, written.path);
    throw error;
  }
  await syncDirectory(fs, dirname(path));
}

export function checkAbort(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) fail("ABORTED", "the run was stopped", { where, cause: signal.reason });
}

function host(): string {
  return hostname().replace(/[^A-Za-z0-9.-]/g, "_");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}
