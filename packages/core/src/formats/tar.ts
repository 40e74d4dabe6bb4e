/** The content of a tar, named as git names it: for a plain tag, the tree that the tagged commit points to. */

import { equalBytes, toHex } from "./bytes.ts";
import type { ObjectFormat } from "./git-object.ts";
import { blobHasher, type TreeMode, treeBuilder } from "./git-tree.ts";
import { latin1, malformedTar } from "./tar-header.ts";
import { openTar, type TarLimits } from "./tar-reader.ts";

export interface TarTree {
  /** Tree id in the repository's format, hex. */
  readonly tree: string;
  /** The same content as a git tree in SHA-256 format, 64 hex digits. */
  readonly contentTree: string;
  /** The commit's id, if the tar says it (its own word only). */
  readonly commit: string | undefined;
  /** The directory that all members are in, with its slash; "" for none. Bytes, one character each. */
  readonly prefix: string;
  /** Paths below the prefix; git has no such thing (submodules come out as empty directories). */
  readonly emptyDirectories: readonly Uint8Array[];
  readonly files: number;
  /** The newest time of a member, seconds since 1970. */
  readonly mtime: number;
}

/**
 * Reads the whole tar in one pass; memory grows with the number of members only.
 * @param options.prefix the directory that all members must be in, with its slash; "" for none;
 *   left out: the only directory at the top, if there is only one
 * @throws ARCHIVE_MALFORMED — not unambiguous, or a member outside the prefix
 */
export async function treeOfTar(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  options: {
    /** Names the tar in messages. */
    readonly where?: string;
    readonly format?: ObjectFormat;
    readonly prefix?: string;
    readonly limits?: TarLimits;
    readonly onBytes?: (count: number) => void;
  } = {},
): Promise<TarTree> {
  const { where = "the tar", format = "sha1" } = options;
  const formats: readonly ObjectFormat[] = format === "sha256" ? ["sha256"] : ["sha256", format];
  const builder = treeBuilder(formats);
  const tar = openTar(stream, where, options.limits);
  const wanted = options.prefix;
  let files = 0;
  let mtime = 0;
  for await (const entry of tar.entries) {
    mtime = Math.max(mtime, entry.mtime);
    if (wanted && !`${latin1(entry.path)}/`.startsWith(wanted))
      malformedTar(where, `a member that is not in ${JSON.stringify(wanted)}`);
    if (entry.type === "directory") {
      builder.addDirectory(entry.path);
      continue;
    }
    const mode: TreeMode = entry.type === "symlink" ? "120000" : entry.mode & 0o100 ? "100755" : "100644";
    const hasher = blobHasher(entry.type === "symlink" ? entry.target.length : entry.size, formats);
    if (entry.type === "symlink") hasher.update(entry.target);
    for await (const chunk of entry.content) {
      hasher.update(chunk);
      options.onBytes?.(chunk.length);
    }
    builder.add(entry.path, mode, hasher.digest());
    files++;
  }
  const only = wanted === undefined ? builder.onlyDirectory() : bytesOf(wanted.replace(/\/$/, ""));
  const below = only !== undefined && only.length > 0 ? only : undefined;
  const [content, repository = content] = builder.finish(below);
  if (content === undefined || repository === undefined)
    throw new TypeError("a tree has an id in each format");
  const skip = below === undefined ? 0 : below.length + 1;
  return {
    tree: toHex(repository),
    contentTree: toHex(content),
    commit: tar.comment(),
    prefix: below === undefined ? "" : `${latin1(below)}/`,
    emptyDirectories: builder
      .emptyDirectories()
      .filter((path) => below === undefined || !equalBytes(path, below))
      .map((path) => path.subarray(skip)),
    files,
    mtime,
  };
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}
