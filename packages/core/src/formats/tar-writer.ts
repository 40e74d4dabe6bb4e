/**
 * The headers of a tar, byte for byte as `git archive --format=tar` writes them with default settings:
 * ustar (POSIX.1-2017 pax(1)) with a global pax header for the commit, and pax headers for what ustar cannot hold.
 * Pure arithmetic over bytes: no umask, locale, clock or configuration can reach it.
 */

import { concatBytes, utf8 } from "./bytes.ts";

export interface TarMember {
  readonly type: "file" | "directory" | "symlink";
  /** Raw bytes, the prefix included; a directory's ends in a slash. */
  readonly path: Uint8Array;
  readonly executable?: boolean;
  /** Bytes of a file's content; 0 ≤ size ≤ 2^53−1. */
  readonly size?: number;
  /** Raw bytes a symlink points to. */
  readonly target?: Uint8Array;
  /** Git's id of the object, in hex: it names the headers of members whose own name does not fit. */
  readonly id: string;
}

const block = 512;
const record = 20 * block;
/** Eleven octal digits: what a header's size and mtime can hold. */
const maxOctal = 0o77777777777;
const lengths = { name: 100, link: 100, prefix: 155 } as const;
const slash = 0x2f;

/** All that stands before a member's content: pax headers if it needs them, then its own. */
export function tarHeader(member: TarMember, mtime: number): Uint8Array {
  const { path, id } = member;
  const size = member.type === "file" ? (member.size ?? 0) : 0;
  const target = member.target ?? new Uint8Array();
  const records: Uint8Array[] = [];

  let name = path;
  let prefix = new Uint8Array();
  if (path.length > lengths.name) {
    const split = splitPoint(path);
    if (split > 0 && path.length - split - 1 <= lengths.name) {
      prefix = path.slice(0, split);
      name = path.subarray(split + 1);
    } else {
      name = utf8(`${id}.data`);
      records.push(paxRecord("path", path));
    }
  }
  let link = target;
  if (target.length > lengths.link) {
    link = utf8(`see ${id}.paxheader`);
    records.push(paxRecord("linkpath", target));
  }
  if (size > maxOctal) records.push(paxRecord("size", utf8(String(size))));

  const header = ustar({
    name,
    prefix,
    link,
    mode:
      member.type === "symlink" ? 0o777 : member.type === "directory" || member.executable ? 0o775 : 0o664,
    size: size > maxOctal ? 0 : size,
    type: member.type === "symlink" ? "2" : member.type === "directory" ? "5" : "0",
    mtime: clamp(mtime),
  });
  return records.length === 0
    ? header
    : concatBytes(extended("x", utf8(`${id}.paxheader`), records, clamp(mtime)), header);
}

/**
 * The global header that begins the tar of a commit: `git get-tar-commit-id` reads it.
 * @param commit hex @param mtime seconds since 1970
 */
export function tarStart(commit: string, mtime: number): Uint8Array {
  const records = [paxRecord("comment", utf8(commit))];
  if (mtime > maxOctal) records.push(paxRecord("mtime", utf8(String(mtime))));
  return extended("g", utf8("pax_global_header"), records, clamp(mtime));
}

/** Zero bytes that fill up the last block of a content of `size` bytes. */
export function tarPadding(size: number): number {
  return (block - (size % block)) % block;
}

/** Zero bytes that end a tar of `size` bytes: two blocks at least, up to a whole record of 10,240. */
export function tarEnd(size: number): number {
  const rest = record - (size % record);
  return rest < 2 * block ? rest + record : rest;
}

/** One pax record; the length in front counts its own digits. @see POSIX.1-2017 pax(1), "pax Extended Header" */
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = ` ${key}=`.length + value.length + 1;
  let length = rest + String(rest).length;
  if (rest + String(length).length > length) length = rest + String(length).length;
  return concatBytes(utf8(`${length} ${key}=`), value, utf8("\n"));
}

function extended(
  type: "x" | "g",
  name: Uint8Array,
  records: readonly Uint8Array[],
  mtime: number,
): Uint8Array {
  const body = concatBytes(...records);
  const header = ustar({ name, type, size: body.length, mode: 0o666, mtime });
  return concatBytes(header, body, new Uint8Array(tarPadding(body.length)));
}

interface Fields {
  readonly name: Uint8Array;
  readonly prefix?: Uint8Array;
  readonly link?: Uint8Array;
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly type: string;
}

function ustar({ name, prefix, link, mode, size, mtime, type }: Fields): Uint8Array {
  const header = new Uint8Array(block);
  const text = (at: number, value: string): void => {
    for (let i = 0; i < value.length; i++) header[at + i] = value.charCodeAt(i);
  };
  const octal = (at: number, digits: number, value: number): void =>
    text(at, value.toString(8).padStart(digits, "0"));
  header.set(name, 0);
  octal(100, 7, mode);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, size);
  octal(136, 11, mtime);
  text(156, type);
  if (link) header.set(link, 157);
  text(257, "ustar\x0000");
  text(265, "root");
  text(297, "root");
  octal(329, 7, 0);
  octal(337, 7, 0);
  if (prefix) header.set(prefix, 345);
  // The sum counts its own field as eight spaces.
  let sum = 8 * 0x20;
  for (const byte of header) sum += byte;
  octal(148, 7, sum);
  return header;
}

/** Where git splits a long path into prefix and name: the last slash that leaves a prefix that fits; 0 for none. */
function splitPoint(path: Uint8Array): number {
  let at = path.length;
  if (at > 1 && path[at - 1] === slash) at--;
  at = Math.min(at, lengths.prefix);
  do at--;
  while (at > 0 && path[at] !== slash);
  return at;
}

function clamp(mtime: number): number {
  return Math.min(mtime, maxOctal);
}
