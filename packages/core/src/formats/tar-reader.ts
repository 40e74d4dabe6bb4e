/**
 * A strict tar reader: ustar with pax headers, as `git archive` and POSIX tars write it. It streams, and takes only an
 * archive that every program unpacks alike: unique normal paths; files, directories and symlinks; nothing after the end.
 */

import { readStream } from "./digest.ts";
import { maxPathLength } from "./git-tree.ts";
import { printable } from "./names.ts";
import {
  agreed,
  blockSize,
  latin1,
  malformedTar,
  maxHeaderSize,
  type PaxRecords,
  parsePax,
  parseTarHeader,
} from "./tar-header.ts";

export interface TarEntry {
  readonly type: "file" | "directory" | "symlink";
  /** Raw bytes, normal: no slash at either end, no empty part, no `.` or `..`. */
  readonly path: Uint8Array;
  /** Permission bits as the header has them. */
  readonly mode: number;
  /** Bytes of content; 0 unless it is a file. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Where a symlink points; raw bytes, never followed. */
  readonly target: Uint8Array;
  /** A file's content, once; what is left unread is skipped. Chunks are views and hold only until the next is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface TarLimits {
  /** Members. Default 2,000,000. */
  readonly entries?: number;
  /** Bytes of all contents together. Default 2^43 (8 TiB). */
  readonly size?: number;
}

export interface TarReader {
  /** Members in their order. @throws ARCHIVE_MALFORMED */
  readonly entries: AsyncGenerator<TarEntry>;
  /** The comment of the global header (git: the commit's id); known from the first member on. */
  comment(): string | undefined;
}

const maxPaxSize = 64 << 10;
/** Zero bytes after the two blocks that end an archive; the largest usual record is 1 MiB. */
const maxTrail = 4 << 20;
const dot = /^\.{1,2}$/;

/** @param where names the archive in messages */
export function openTar(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  where: string,
  limits: TarLimits = {},
): TarReader {
  let comment: string | undefined;
  const take = (found: string | undefined): void => {
    comment = found;
  };
  return { entries: read(stream, where, limits, take), comment: () => comment };
}

async function* read(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  where: string,
  { entries: maxEntries = 2_000_000, size: maxSize = 2 ** 43 }: TarLimits,
  onComment: (comment: string | undefined) => void,
): AsyncGenerator<TarEntry> {
  const input = blocks("getReader" in stream ? readStream(stream) : stream, where);
  const seen = new Set<string>();
  let pax: PaxRecords | undefined;
  let first = true;
  let total = 0;
  try {
    for (;;) {
      const block = await input.exactly(blockSize);
      if (block.every((byte) => byte === 0)) break;
      const here = `${where}, member ${seen.size + 1}`;
      const header = parseTarHeader(block, here);
      if (header.type === "g" || header.type === "x") {
        if (header.type === "g" && !first) malformedTar(here, "a global header that is not the first");
        if (pax !== undefined) malformedTar(here, "two pax headers for one member");
        if (header.size > maxPaxSize) malformedTar(here, "a pax header that is too large");
        const body = (await input.exactly(header.size + padding(header.size))).slice(0, header.size);
        const records = parsePax(body, header.type === "g", here);
        if (header.type === "x") pax = records;
        else onComment(records.comment);
        first = false;
        continue;
      }
      first = false;
      const entry = member(header, pax, here);
      pax = undefined;
      const key = latin1(entry.path);
      if (seen.has(key)) malformedTar(here, `the path ${printable(key)} twice`);
      seen.add(key);
      total += entry.size;
      if (seen.size > maxEntries) malformedTar(where, `more than ${maxEntries} members`);
      if (total > maxSize) malformedTar(where, `more than ${maxSize} bytes of content`);
      yield { ...entry, content: input.content(entry.size) };
      await input.skip();
      await input.exactly(padding(entry.size)).then((rest) => zeros(rest, here));
    }
    if (pax !== undefined) malformedTar(where, "a pax header without a member");
    zeros(await input.exactly(blockSize), where);
    await input.trail(where);
  } finally {
    await input.close();
  }
}

function member(
  header: ReturnType<typeof parseTarHeader>,
  pax: PaxRecords | undefined,
  where: string,
): Omit<TarEntry, "content"> {
  const path = normal(agreed(header.path, pax?.path, 100, where), header.type === "5", where);
  const target = agreed(header.target, pax?.linkpath, 100, where);
  const type = header.type === "5" ? "directory" : header.type === "2" ? "symlink" : "file";
  const size = pax?.size ?? header.size;
  if (size !== header.size && (size <= maxHeaderSize || header.size !== 0))
    malformedTar(where, "a pax size and a header that disagree");
  if (type !== "file" && size !== 0) malformedTar(where, `a ${type} with content`);
  if ((type === "symlink") !== target.length > 0)
    malformedTar(where, type === "symlink" ? "a symlink to nowhere" : `a ${type} with a link target`);
  return { type, path, target, size, mode: header.mode & 0o7777, mtime: header.mtime };
}

function normal(path: Uint8Array, isDirectory: boolean, where: string): Uint8Array {
  const bare = isDirectory && path.at(-1) === 0x2f ? path.subarray(0, -1) : path;
  if (bare.length > maxPathLength) malformedTar(where, `a path of more than ${maxPathLength} bytes`);
  const text = latin1(bare);
  if (text.split("/").some((part) => part === "" || dot.test(part)))
    malformedTar(where, `the path ${printable(text)}, which is empty, absolute or not normal`);
  return bare.slice();
}

function padding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

function zeros(bytes: Uint8Array, where: string): void {
  // A plain loop: a callback for each byte of padding is what reading a tar of small files would mostly consist of.
  for (let i = 0; i < bytes.length; i++)
    if (bytes[i] !== 0) malformedTar(where, "bytes where only zeros belong");
}

interface Blocks {
  /** A view or copy of the next bytes. @throws ARCHIVE_MALFORMED — the archive ends before */
  exactly(size: number): Promise<Uint8Array>;
  /** The next `size` bytes in pieces. */
  content(size: number): AsyncGenerator<Uint8Array>;
  /** What of them was left unread. */
  skip(): Promise<void>;
  /** Reads to the end: zeros only. */
  trail(where: string): Promise<void>;
  close(): Promise<void>;
}

function blocks(chunks: AsyncIterable<Uint8Array>, where: string): Blocks {
  const input = chunks[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array();
  const more = async (): Promise<boolean> => {
    while (chunk.length === 0) {
      const next = await input.next();
      if (next.done) return false;
      chunk = next.value;
    }
    return true;
  };
  const take = (size: number): Uint8Array => {
    const taken = chunk.subarray(0, size);
    chunk = chunk.subarray(size);
    return taken;
  };
  const truncated = (): never => malformedTar(where, "it ends too early");
  let left = 0;
  const piece = async (): Promise<Uint8Array> => {
    if (!(await more())) truncated();
    const part = take(left);
    left -= part.length;
    return part;
  };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    while (left > 0) yield await piece();
  }
  return {
    async exactly(size) {
      if (chunk.length >= size) return take(size);
      const whole = new Uint8Array(size);
      for (let at = 0; at < size; ) {
        if (!(await more())) truncated();
        const part = take(size - at);
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    },
    content(size) {
      left = size;
      return pieces();
    },
    async skip() {
      while (left > 0) await piece();
    },
    async trail(name) {
      for (let size = 0; await more(); ) {
        const part = take(chunk.length);
        zeros(part, `${name}, after its end`);
        size += part.length;
        if (size > maxTrail) malformedTar(name, `more than ${maxTrail} bytes after its end`);
      }
    },
    async close() {
      await input.return?.();
    },
  };
}
