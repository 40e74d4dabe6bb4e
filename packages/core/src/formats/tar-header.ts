/**
 * One block of a tar, read strictly (POSIX.1-2017 pax(1), "ustar Interchange Format"): what two programs could
 * read as two different things is refused.
 */

import { fail } from "../errors/index.ts";
import { decodeUtf8, equalBytes } from "./bytes.ts";
import { printable } from "./names.ts";

export interface RawHeader {
  /** File, symlink, directory, pax header of the next member, global pax header. */
  readonly type: "0" | "2" | "5" | "x" | "g";
  /** Prefix and name joined. */
  readonly path: Uint8Array;
  readonly target: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** What a pax header may change. */
export interface PaxRecords {
  readonly path?: Uint8Array;
  readonly linkpath?: Uint8Array;
  readonly size?: number;
  readonly comment?: string;
}

export const blockSize = 512;
/** Largest number that a size field of eleven octal digits holds. */
export const maxHeaderSize: number = 0o77777777777;

const names: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "3": "a device",
  "4": "a device",
  "6": "a named pipe",
  "7": "a contiguous file",
  L: "GNU's long name, which is not read yet",
  K: "GNU's long link, which is not read yet",
  S: "a sparse file",
};
/** Records about times and owners: outside the content, so read past. */
const ignored: ReadonlySet<string> = new Set(["atime", "ctime", "mtime", "uid", "gid", "uname", "gname"]);

/** @throws ARCHIVE_MALFORMED — also for a type of member that has no place in a release */
export function parseTarHeader(block: Uint8Array, where: string): RawHeader {
  let sum = 8 * 0x20;
  for (let i = 0; i < blockSize; i++) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  if (octal(block, 148, 8, "checksum", where) !== sum)
    malformedTar(where, "a header whose checksum is wrong");
  const magic = latin1(block.subarray(257, 265));
  if (magic !== "ustar\x0000")
    malformedTar(
      where,
      magic === "ustar  \0"
        ? "a header in GNU's format, which is not read yet"
        : "a header that is not ustar",
    );
  const flag = latin1(block.subarray(156, 157));
  const type = flag === "\0" ? "0" : flag;
  if (type !== "0" && type !== "2" && type !== "5" && type !== "x" && type !== "g")
    return malformedTar(where, names[type] ?? `a member of type ${printable(flag)}`);
  if (block.subarray(500).some((byte) => byte !== 0))
    malformedTar(where, "bytes after the header's last field");
  const name = text(block, 0, 100, where);
  const prefix = text(block, 345, 155, where);
  const path = new Uint8Array(prefix.length === 0 ? name.length : prefix.length + 1 + name.length);
  if (prefix.length > 0) {
    path.set(prefix);
    path[prefix.length] = 0x2f;
  }
  path.set(name, path.length - name.length);
  return {
    type,
    path,
    target: text(block, 157, 100, where),
    mode: octal(block, 100, 8, "mode", where),
    size: octal(block, 124, 12, "size", where),
    mtime: octal(block, 136, 12, "time", where),
  };
}

/**
 * The records of a pax header.
 * @param global only a comment (and a time) may hold for all members: a path would rename them all
 * @throws ARCHIVE_MALFORMED — not in form, a key twice, or one that is not known
 */
export function parsePax(body: Uint8Array, global: boolean, where: string): PaxRecords {
  const found = new Map<string, Uint8Array>();
  for (let at = 0; at < body.length; ) {
    const head = latin1(body.subarray(at, at + 12));
    const digits = /^([1-9]\d{0,8}) /.exec(head)?.[1];
    const length = Number(digits ?? 0);
    const end = at + length;
    if (digits === undefined || end > body.length || body[end - 1] !== 0x0a)
      return malformedTar(where, "a pax record whose length is wrong");
    const start = at + digits.length + 1;
    const equals = body.indexOf(0x3d, start);
    if (equals < 0 || equals >= end) return malformedTar(where, "a pax record without a value");
    const key = latin1(body.subarray(start, equals));
    if (found.has(key)) malformedTar(where, `the pax record ${printable(key)} twice`);
    const known = key === "comment" || ignored.has(key) || (!global && /^(?:path|linkpath|size)$/.test(key));
    if (!known) malformedTar(where, `the pax record ${printable(key)}, which is not known here`);
    found.set(key, body.slice(equals + 1, end - 1));
    at = end;
  }
  const path = named(found.get("path"), where);
  const linkpath = named(found.get("linkpath"), where);
  const size = found.get("size");
  const comment = found.get("comment");
  return {
    ...(path && { path }),
    ...(linkpath && { linkpath }),
    ...(size && { size: decimal(size, where) }),
    ...(comment && { comment: commentText(comment, where) }),
  };
}

/**
 * The value that counts where a pax record and a header field speak of one thing. The field may differ only where
 * it could not have held the value: else a program that skips pax headers would unpack something else.
 */
export function agreed(
  field: Uint8Array,
  pax: Uint8Array | undefined,
  limit: number,
  where: string,
): Uint8Array {
  if (pax === undefined || equalBytes(field, pax)) return pax ?? field;
  if (pax.length <= limit && pax.every((byte) => byte < 0x80))
    malformedTar(where, "a pax record and a header that disagree");
  return pax;
}

export function malformedTar(where: string, what: string): never {
  return fail("ARCHIVE_MALFORMED", `${where}: ${what}`, { where });
}

/** One character a byte. */
export function latin1(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}

function octal(block: Uint8Array, at: number, length: number, what: string, where: string): number {
  const found = /^ *([0-7]+)[ \0]+$/.exec(latin1(block.subarray(at, at + length)))?.[1];
  return found === undefined
    ? malformedTar(where, `a ${what} that is not octal digits`)
    : Number.parseInt(found, 8);
}

function text(block: Uint8Array, at: number, length: number, where: string): Uint8Array {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  if (end < 0) return field;
  if (field.subarray(end).some((byte) => byte !== 0))
    malformedTar(where, "bytes hidden behind the end of a name");
  return field.subarray(0, end);
}

function named(value: Uint8Array | undefined, where: string): Uint8Array | undefined {
  if (value !== undefined && (value.length === 0 || value.includes(0)))
    malformedTar(where, "a pax record with an empty name or a NUL byte");
  return value;
}

function decimal(value: Uint8Array, where: string): number {
  const digits = latin1(value);
  const number = /^(?:0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(number) ? number : malformedTar(where, "a pax size that is not a number");
}

function commentText(value: Uint8Array, where: string): string {
  try {
    return decodeUtf8(value, where);
  } catch {
    return malformedTar(where, "a comment that is not UTF-8");
  }
}
