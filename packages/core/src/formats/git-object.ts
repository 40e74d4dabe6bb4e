/**
 * Git's tag and commit objects as they are stored (git-mktag(1), git-hash-object(1)): read strictly, bytes kept.
 * Nothing here believes an id: `gitObjectId` makes it from the bytes.
 */

import { createHasher } from "#native";
import { fail } from "../errors/index.ts";
import { decodeUtf8, toHex, utf8 } from "./bytes.ts";
import { printable } from "./names.ts";

/** How a repository names its objects. */
export type ObjectFormat = "sha1" | "sha256";
export type GitObjectType = "blob" | "tree" | "commit" | "tag";

export interface GitTag {
  /** The object as it is stored. */
  readonly bytes: Uint8Array;
  /** Id of the tagged object: 40 or 64 lower-case hex digits. */
  readonly object: string;
  readonly type: GitObjectType;
  /** The name in the tag's header; git does not bind it to the ref. */
  readonly name: string;
  /** Name, address and date of the tagger as they stand there; very old tags have none. */
  readonly tagger: string | undefined;
  /** The tagger's date. Nobody else vouches for it. */
  readonly claimedTime: Date | undefined;
  /** What a signature covers: all bytes before it. */
  readonly payload: Uint8Array;
  /** From the last `-----BEGIN …-----` line to the end; absent in an unsigned tag. */
  readonly signature: Uint8Array | undefined;
  /** The text between the header and the signature; bytes that are not UTF-8 are replaced. For display and trailers. */
  readonly message: string;
}

export interface GitCommit {
  /** The object as it is stored. */
  readonly bytes: Uint8Array;
  readonly tree: string;
  readonly parents: readonly string[];
  /** The committer's date in seconds since 1970. */
  readonly time: number;
}

/** Largest tag or commit that is read, in bytes. */
export const maxGitObjectSize: number = 4 << 20;

const lenient = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const types: readonly string[] = ["blob", "tree", "commit", "tag"];
/** The lines that git takes for the beginning of a signature (gpg-interface.c); the last one in an object counts. */
const armorStarts = [
  "-----BEGIN PGP SIGNATURE-----",
  "-----BEGIN PGP MESSAGE-----",
  "-----BEGIN SSH SIGNATURE-----",
  "-----BEGIN SIGNED MESSAGE-----",
].map(utf8);
const newline = 0x0a;

/** Id of an object with these bytes, in lower-case hex. */
export function gitObjectId(type: GitObjectType, bytes: Uint8Array, format: ObjectFormat): string {
  return toHex(
    createHasher(format)
      .update(utf8(`${type} ${bytes.length}\0`))
      .update(bytes)
      .digest(),
  );
}

/**
 * Reads a raw tag object. Headers other than git's four are refused: git leaves `gpgsig-sha256` out of what
 * a signature covers, so that two readers would see two payloads.
 * @throws GIT_OBJECT_MALFORMED · FILE_TOO_LARGE
 */
export function parseTag(bytes: Uint8Array, where: string): GitTag {
  const { lines, body } = headerLines(bytes, where);
  if (bytes.includes(0)) malformed(where, "a NUL byte");
  if (lines.some((line) => line.includes("\n"))) malformed(where, "a header over several lines");
  const take = (key: string): string | undefined => {
    const line = lines[0];
    if (line === undefined || !line.startsWith(`${key} `)) return undefined;
    lines.shift();
    return line.slice(key.length + 1);
  };
  const object = objectId(take("object"), "object", where);
  const type = take("type");
  if (type === undefined || !types.includes(type))
    malformed(where, "no type of object where one was expected");
  const name = take("tag");
  if (name === undefined || name === "") malformed(where, "no tag name where one was expected");
  const tagger = take("tagger");
  if (lines[0] !== undefined)
    malformed(where, `the header ${printable(lines[0], 40)}, which is not read here`);

  const split = signatureStart(bytes);
  const seconds = /> (\d{1,12}) [+-]\d{4}$/.exec(tagger ?? "")?.[1];
  return {
    bytes,
    object,
    type: type as GitObjectType,
    name: name as string,
    tagger,
    claimedTime: seconds === undefined ? undefined : new Date(Number(seconds) * 1000),
    payload: bytes.subarray(0, split),
    signature: split === bytes.length ? undefined : bytes.subarray(split),
    message: lenient.decode(bytes.subarray(Math.min(body, split), split)),
  };
}

/**
 * Reads a raw commit object; of its headers only those that place it: tree, parents, committer.
 * @throws GIT_OBJECT_MALFORMED · FILE_TOO_LARGE
 */
export function parseCommit(bytes: Uint8Array, where: string): GitCommit {
  const { lines } = headerLines(bytes, where);
  const first = lines.shift() ?? "";
  const tree = objectId(first.startsWith("tree ") ? first.slice(5) : undefined, "tree", where);
  const parents: string[] = [];
  while (lines[0]?.startsWith("parent "))
    parents.push(objectId(lines.shift()?.slice("parent ".length), "parent", where));
  if (!lines.shift()?.startsWith("author ")) malformed(where, "no author where one was expected");
  const seconds = /^committer .*> (\d{1,12}) [+-]\d{4}$/.exec(lines.shift() ?? "")?.[1];
  if (seconds === undefined) malformed(where, "no committer with a date where one was expected");
  // A second tree, parent or committer further down would be another commit to a laxer reader.
  for (const line of lines)
    if (/^(?:tree|parent|author|committer) /.test(line))
      malformed(where, `${printable(line, 20)} out of place`);
  return { bytes, tree, parents, time: Number(seconds) };
}

/**
 * The content id that `countersign tag` wrote into a message: the trailer `Countersign-Tree: sha256:…` of its
 * last paragraph.
 * @returns 64 lower-case hex digits; undefined where there is none
 * @throws GIT_OBJECT_MALFORMED — a trailer that cannot be read, or two of them
 */
export function treeTrailer(message: string, where: string): string | undefined {
  const last =
    message
      .trimEnd()
      .split(/\n{2,}/)
      .at(-1) ?? "";
  const trailers = last.split("\n").filter((line) => /^countersign-tree\s*:/i.test(line));
  if (trailers.length > 1) malformed(where, "two Countersign-Tree trailers");
  const [trailer] = trailers;
  if (trailer === undefined) return undefined;
  const found = /^Countersign-Tree: sha256:([0-9a-f]{64})$/.exec(trailer)?.[1];
  return found ?? malformed(where, `a Countersign-Tree trailer that cannot be read: ${printable(trailer)}`);
}

/** The header's lines as text (a continued line stays joined to its own) and where the body begins. */
function headerLines(bytes: Uint8Array, where: string): { lines: string[]; body: number } {
  if (bytes.length > maxGitObjectSize)
    fail("FILE_TOO_LARGE", `${where} has ${bytes.length} bytes, more than ${maxGitObjectSize}`, { where });
  const lines: string[] = [];
  let at = 0;
  while (at < bytes.length && bytes[at] !== newline) {
    const end = bytes.indexOf(newline, at);
    if (end < 0) malformed(where, "a header line without an end");
    const raw = bytes.subarray(at, end);
    if (raw.includes(0)) malformed(where, "a NUL byte in the header");
    // The tag's name decides what a release is called; people's names may be in any old encoding.
    const name = raw[0] === 0x74 && raw[1] === 0x61 && raw[3] === 0x20;
    const text = name ? strictText(raw, where) : lenient.decode(raw);
    if (text.startsWith(" ")) {
      const before = lines.pop() ?? malformed(where, "a header that begins with a space");
      lines.push(`${before}\n${text.slice(1)}`);
    } else lines.push(text);
    at = end + 1;
  }
  return { lines, body: Math.min(at + 1, bytes.length) };
}

function strictText(raw: Uint8Array, where: string): string {
  try {
    return decodeUtf8(raw, where);
  } catch (cause) {
    return fail("GIT_OBJECT_MALFORMED", `${where} has a tag name that is not UTF-8`, { where, cause });
  }
}

function signatureStart(bytes: Uint8Array): number {
  let found = bytes.length;
  for (let at = 0; at < bytes.length; ) {
    if (armorStarts.some((start) => startsWith(bytes, start, at))) found = at;
    const end = bytes.indexOf(newline, at);
    if (end < 0) break;
    at = end + 1;
  }
  return found;
}

function startsWith(bytes: Uint8Array, start: Uint8Array, at: number): boolean {
  if (bytes.length - at < start.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start[i]) return false;
  return true;
}

function objectId(text: string | undefined, what: string, where: string): string {
  return text !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)
    ? text
    : malformed(where, `no ${what} id of 40 or 64 hex digits where one was expected`);
}

function malformed(where: string, what: string): never {
  return fail("GIT_OBJECT_MALFORMED", `${where} has ${what}`, { where });
}
