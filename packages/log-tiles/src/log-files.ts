/** Where the files of a log are: a directory, or a web server. Carries bytes; believes nothing. */

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { CountersignError, fail, isCountersignError } from "@countersign/core";

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface LogFiles {
  /** What to call the file of this path in a message. */
  where(path: string): string;
  /**
   * @param path relative to the log, with slashes
   * @param limit bytes at most
   * @returns undefined — there is no such file
   * @throws LOG_MALFORMED — more than `limit` · LOG_UNAVAILABLE · ABORTED · what the fetcher throws
   */
  read(path: string, limit: number, options?: ReadOptions): Promise<Uint8Array | undefined>;
  /** The error for a log without a checkpoint. */
  readonly missing: "LOG_MISSING" | "LOG_UNAVAILABLE";
}

/** Fetches a whole file by HTTP: at most `limit` bytes, else it throws. RELEASE_MISSING: the server has no such file (404). */
export type FetchBytes = (url: string, limit: number, options?: ReadOptions) => Promise<Uint8Array>;

export function directoryFiles(directory: string): LogFiles {
  return {
    missing: "LOG_MISSING",
    where: (path) => join(directory, path),
    async read(path, limit, options = {}) {
      checkSignal(options.signal);
      const where = join(directory, path);
      try {
        // Non-blocking, or a pipe in a tile's place would hold us for ever.
        const file = await open(where, constants.O_RDONLY | constants.O_NONBLOCK);
        try {
          const stat = await file.stat();
          if (!stat.isFile()) fail("LOG_MALFORMED", `${where} is not a regular file`, { where });
          if (stat.size > limit)
            fail("LOG_MALFORMED", `${where} has ${stat.size} bytes; expected at most ${limit}`, { where });
          return new Uint8Array(await file.readFile());
        } finally {
          await file.close();
        }
      } catch (cause) {
        if (isCountersignError(cause)) throw cause;
        const { code } = cause as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") return undefined;
        throw new CountersignError("LOG_UNAVAILABLE", `${where} cannot be read`, { where, cause });
      }
    },
  };
}

/** @param url of the log's root, http or https; the checkpoint is at `url/checkpoint` */
export function webFiles(url: string, fetchBytes: FetchBytes): LogFiles {
  const base = url.endsWith("/") ? url : `${url}/`;
  return {
    missing: "LOG_UNAVAILABLE",
    where: (path) => `${base}${path}`,
    async read(path, limit, options = {}) {
      checkSignal(options.signal);
      const where = `${base}${path}`;
      try {
        const bytes = await fetchBytes(where, limit, options);
        if (bytes.length > limit)
          fail("LOG_MALFORMED", `${where} has ${bytes.length} bytes; expected at most ${limit}`, { where });
        return bytes;
      } catch (error) {
        if (isCountersignError(error) && error.code === "RELEASE_MISSING") return undefined;
        throw error;
      }
    },
  };
}

/** @throws ABORTED */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) fail("ABORTED", "the run was stopped", { cause: signal.reason });
}
