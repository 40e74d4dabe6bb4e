/**
 * Git tree ids from entries in any order: what `git mktree` would give, in SHA-1 and SHA-256 format at once.
 * The SHA-256 one over the raw bytes of files names the content of a release, whatever its archive.
 */

import { createHasher } from "#native";
import { fail } from "../errors/index.ts";
import type { Hasher } from "../native/types.ts";
import { utf8 } from "./bytes.ts";
import type { ObjectFormat } from "./git-object.ts";
import { printable } from "./names.ts";

/** File, executable file, symbolic link, submodule: as they stand in a tree object. */
export type TreeMode = "100644" | "100755" | "120000" | "160000";

/** Ids in the order of the formats that were asked for; 20 or 32 bytes each. */
export type Ids = readonly Uint8Array[];

export interface BlobHasher {
  update(bytes: Uint8Array): void;
  /** Ends the hash; call once. */
  digest(): Ids;
}

export interface TreeBuilder {
  /**
   * @param path raw bytes with `/` between the parts
   * @param ids of the blob (or of a submodule's commit), one for each format
   * @throws ARCHIVE_MALFORMED — the path is empty, not normal, or there already, or runs through a file
   */
  add(path: Uint8Array, mode: TreeMode, ids: Ids): void;
  /** Notes a directory, which has no id of its own unless something is in it. @throws ARCHIVE_MALFORMED */
  addDirectory(path: Uint8Array): void;
  /**
   * Ids of the root. Directories with nothing in them are left out, as git has none.
   * @param below a directory to take for the root, as the bytes of its path
   * @throws ARCHIVE_MALFORMED — no such directory
   */
  finish(below?: Uint8Array): Ids;
  /** Paths of the directories with nothing in them. */
  emptyDirectories(): readonly Uint8Array[];
  /** The only entry at the top, if it is a directory. */
  onlyDirectory(): Uint8Array | undefined;
}

interface Leaf {
  readonly mode: TreeMode;
  readonly ids: Ids;
}
// Keys are the bytes of a name, one character each: JavaScript then orders them as git orders bytes.
interface Directory {
  readonly children: Map<string, Leaf | Directory>;
  declared: boolean;
}

/** Longest path that is read, in bytes; it bounds how deep directories nest. */
export const maxPathLength: number = 4096;

/** Hashes a blob of `size` bytes in several formats in one pass. */
export function blobHasher(size: number, formats: readonly ObjectFormat[]): BlobHasher {
  const start = utf8(`blob ${size}\0`);
  const hashers: readonly Hasher[] = formats.map((format) => createHasher(format).update(start));
  return {
    update(bytes) {
      for (const hasher of hashers) hasher.update(bytes);
    },
    digest: () => hashers.map((hasher) => hasher.digest()),
  };
}

/** Collects entries, then computes the tree's ids. */
export function treeBuilder(formats: readonly ObjectFormat[]): TreeBuilder {
  const root: Directory = directory();
  const descend = (path: string): Directory => {
    let here = root;
    if (path === "") return here;
    if (path.length > maxPathLength) malformed(path, `a path of more than ${maxPathLength} bytes`);
    for (const part of path.split("/")) {
      if (part === "" || part === "." || part === ".." || part.includes("\0"))
        malformed(path, "a path that is not normal");
      let next = here.children.get(part);
      if (next === undefined) {
        next = directory();
        here.children.set(part, next);
      }
      if (!("children" in next)) malformed(path, "a path that runs through a file or link");
      here = next as Directory;
    }
    return here;
  };
  return {
    add(path, mode, ids) {
      const text = fromBytes(path);
      const slash = text.lastIndexOf("/");
      const name = text.slice(slash + 1);
      const parent = descend(slash < 0 ? "" : text.slice(0, slash) || "/");
      if (name === "" || name === "." || name === ".." || name.includes("\0"))
        malformed(text, "a path that is not normal");
      if (parent.children.has(name)) malformed(text, "the same path twice");
      parent.children.set(name, { mode, ids });
    },
    addDirectory(path) {
      const text = fromBytes(path);
      const here = descend(text || "/");
      if (here.declared) malformed(text, "the same path twice");
      here.declared = true;
    },
    finish(below) {
      const top = below === undefined ? root : find(root, fromBytes(below));
      return treeIds(top, formats) ?? formats.map((format) => treeId([], 0, format));
    },
    emptyDirectories() {
      const found: Uint8Array[] = [];
      const walk = (here: Directory, path: string): void => {
        if (here.children.size === 0 && path !== "") found.push(toBytes(path));
        for (const [name, child] of here.children)
          if ("children" in child) walk(child, path === "" ? name : `${path}/${name}`);
      };
      walk(root, "");
      return found;
    },
    onlyDirectory() {
      if (root.children.size !== 1) return undefined;
      for (const [name, child] of root.children) return "children" in child ? toBytes(name) : undefined;
      return undefined;
    },
  };
}

function directory(): Directory {
  return { children: new Map(), declared: false };
}

function find(root: Directory, path: string): Directory {
  let here: Leaf | Directory | undefined = root;
  for (const part of path === "" ? [] : path.split("/"))
    here = here !== undefined && "children" in here ? here.children.get(part) : undefined;
  return here !== undefined && "children" in here ? here : malformed(path, "no such directory");
}

/** Undefined for a directory that holds no file. */
function treeIds(here: Directory, formats: readonly ObjectFormat[]): Ids | undefined {
  const rows: { readonly key: string; readonly start: Uint8Array; readonly ids: Ids }[] = [];
  for (const [name, child] of here.children) {
    if ("children" in child) {
      const ids = treeIds(child, formats);
      // Git compares a directory as if its name ended in a slash.
      if (ids !== undefined) rows.push({ key: `${name}/`, start: toBytes(`40000 ${name}\0`), ids });
    } else rows.push({ key: name, start: toBytes(`${child.mode} ${name}\0`), ids: child.ids });
  }
  if (rows.length === 0) return undefined;
  rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  return formats.map((format, index) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    for (const row of rows) {
      const id = row.ids[index];
      if (id === undefined) throw new TypeError("an entry has no id in this format");
      parts.push(row.start, id);
      size += row.start.length + id.length;
    }
    return treeId(parts, size, format);
  });
}

function treeId(parts: readonly Uint8Array[], size: number, format: ObjectFormat): Uint8Array {
  const hasher = createHasher(format).update(utf8(`tree ${size}\0`));
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

function fromBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

function malformed(path: string, what: string): never {
  return fail("ARCHIVE_MALFORMED", `${what}: ${printable(path)}`, { where: printable(path) });
}
