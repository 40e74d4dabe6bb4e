/**
 * The deterministic tar of a commit: byte for byte `git archive --format=tar --prefix=…` with default settings,
 * whatever the host's. One pass: the tar's digest and both tree ids come out of the same bytes.
 */

import {
  blobHasher,
  fail,
  fromHex,
  type ObjectFormat,
  printable,
  type TreeMode,
  tarEnd,
  tarHeader,
  tarPadding,
  tarStart,
  toHex,
  treeBuilder,
} from "@countersign/core";
import { readAttributes, type Treatment } from "./attributes.ts";
import { blockWriter, type TarSink } from "./block-writer.ts";
import { bigFileSize, type Convert, converter, maxConvertedSize } from "./conversion.ts";
import { type ListedEntry, listTree } from "./listing.ts";
import { type ObjectReader, openObjects } from "./objects.ts";
import { inSealedRoom, type Repository } from "./repository.ts";
import type { ReadCommit } from "./tag.ts";

export interface TarOptions {
  /** The directory that everything is in, with its slash at the end; "" for none. */
  readonly prefix: string;
  /** Where the bytes go. */
  readonly sink: TarSink;
  /** Bytes of the tar so far. */
  readonly onBytes?: (size: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface WrittenTar {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** The commit's tree, made again from the bytes of its blobs. */
  readonly tree: string;
  /** What the tar holds, as a git tree in SHA-256 format; the prefix is outside it. */
  readonly contentTree: string;
  /** They are empty directories in the tar, as for `git archive`. Paths may hold any bytes: one character each. */
  readonly submodules: readonly { readonly path: string; readonly commit: string }[];
  /** Paths whose content or presence differs from the commit's tree, and why. Empty: a plain tar of that tree. */
  readonly departures: readonly {
    readonly path: string;
    readonly why: "export-ignore" | "export-subst" | "eol";
  }[];
}

const modes: Readonly<Record<Exclude<ListedEntry["kind"], "directory">, TreeMode>> = {
  file: "100644",
  executable: "100755",
  symlink: "120000",
  submodule: "160000",
};
const maxLinkSize = 64 << 10;

/**
 * @throws SOURCE_REFUSED — what cannot be packed the same way everywhere
 * @throws TREE_MISMATCH — the blobs do not make the tree that the commit names · REPOSITORY_UNREADABLE · ABORTED
 */
export async function writeTar(
  repository: Repository,
  commit: ReadCommit,
  options: TarOptions,
): Promise<WrittenTar> {
  checkPrefix(options.prefix);
  return await inSealedRoom(
    repository,
    async (room) => {
      const entries = await listTree(room, commit.tree);
      const treatments = await readAttributes(room, commit.tree, entries);
      const kept = withoutIgnored(entries, treatments);
      const blobs = kept.filter(
        ({ kind, path }) => kind !== "directory" && kind !== "submodule" && !treatments.get(path)?.ignore,
      );
      const objects = openObjects(room, ids(blobs));
      try {
        return await write({
          ...options,
          format: repository.format,
          commit,
          entries,
          kept,
          treatments,
          objects,
          convert: converter(room, commit),
        });
      } finally {
        await objects.close();
      }
    },
    options,
  );
}

interface Work extends TarOptions {
  readonly format: ObjectFormat;
  readonly commit: ReadCommit;
  readonly entries: readonly ListedEntry[];
  readonly kept: readonly ListedEntry[];
  readonly treatments: ReadonlyMap<string, Treatment>;
  readonly objects: ObjectReader;
  readonly convert: Convert;
}

async function write(work: Work): Promise<WrittenTar> {
  const { commit, prefix, objects, treatments } = work;
  const out = blockWriter(work.sink, work.onBytes);
  const formats: readonly ObjectFormat[] = work.format === "sha256" ? ["sha256"] : ["sha256", "sha1"];
  const content = treeBuilder(["sha256"]);
  const submodules: { path: string; commit: string }[] = [];
  const departures: WrittenTar["departures"][number][] = [];
  const place = (path: string): Buffer => Buffer.from(prefix + path, "latin1");
  const directory = async (path: string, id: string): Promise<void> =>
    await out.write(tarHeader({ type: "directory", path: place(path), id }, commit.time));

  for (const { path } of work.entries)
    if (treatments.get(path)?.ignore) departures.push({ path, why: "export-ignore" });
  await out.write(tarStart(commit.id, commit.time));
  if (prefix !== "") await directory("", commit.tree);
  let waiting: ListedEntry[] = [];
  for (const entry of work.kept) {
    const { kind, id, path } = entry;
    waiting = waiting.filter((parent) => path.startsWith(`${parent.path}/`));
    if (kind === "directory") {
      waiting.push(entry);
      continue;
    }
    // Git writes a directory when something in it comes up, even if that is left out then.
    for (const parent of waiting) await directory(`${parent.path}/`, parent.id);
    waiting = [];
    const treatment = treatments.get(path);
    if (treatment?.ignore) continue;
    if (kind === "submodule") {
      await directory(`${path}/`, id);
      submodules.push({ path, commit: id });
      continue;
    }
    const found = await objects.next();
    if (found.id !== id || found.type !== "blob")
      fail("REPOSITORY_UNREADABLE", `git gave ${found.type} ${found.id} for blob ${id}`, {
        where: printable(path),
      });
    const original = blobHasher(found.size, formats);
    const converts =
      treatment !== undefined && kind !== "symlink" && (treatment.substitute || found.size <= bigFileSize);
    let contentIds: readonly Uint8Array[] | undefined;
    if (kind === "symlink" || converts) {
      const limit = kind === "symlink" ? maxLinkSize : maxConvertedSize;
      if (found.size > limit)
        fail(
          "SOURCE_REFUSED",
          `${printable(path)} has ${found.size} bytes; ${kind === "symlink" ? "a link" : "a file that is converted"} has at most ${limit}`,
        );
      const bytes = await objects.all(limit, path);
      original.update(bytes);
      if (kind === "symlink")
        await out.write(tarHeader({ type: "symlink", path: place(path), target: bytes, id }, commit.time));
      else {
        const made = treatment === undefined ? bytes : await work.convert(bytes, treatment, path);
        if (!Buffer.from(bytes).equals(made)) {
          departures.push({ path, why: treatment?.substitute ? "export-subst" : "eol" });
          const changed = blobHasher(made.length, ["sha256"]);
          changed.update(made);
          contentIds = changed.digest();
        }
        await out.write(fileHeader(entry, place(path), made.length, commit.time));
        await out.write(made);
        await out.zeros(tarPadding(made.length));
      }
    } else {
      await out.write(fileHeader(entry, place(path), found.size, commit.time));
      for (let piece = await objects.piece(); piece; piece = await objects.piece()) {
        original.update(piece);
        const full = out.write(piece);
        if (full) await full;
      }
      await out.zeros(tarPadding(found.size));
    }
    const made = original.digest();
    if (toHex(made[formats.length - 1] ?? new Uint8Array()) !== id)
      fail("REPOSITORY_UNREADABLE", `blob ${id} is damaged in the repository`, { where: printable(path) });
    content.add(Buffer.from(path, "latin1"), modes[kind], (contentIds ?? made).slice(0, 1));
  }
  await out.zeros(tarEnd(out.size()));
  const { sha256, size } = await out.end();
  return {
    sha256,
    size,
    tree: commitTree(work),
    contentTree: toHex(content.finish()[0] ?? new Uint8Array()),
    submodules,
    departures,
  };
}

/** The ids of the listing, each proved by its blob's bytes, must give the tree that the signed commit names. */
function commitTree({ commit, entries, format }: Work): string {
  const builder = treeBuilder([format]);
  for (const { kind, id, path } of entries)
    if (kind !== "directory")
      builder.add(Buffer.from(path, "latin1"), modes[kind], [fromHex(id) ?? new Uint8Array()]);
  const tree = toHex(builder.finish()[0] ?? new Uint8Array());
  if (tree !== commit.tree)
    fail("TREE_MISMATCH", `commit ${commit.id} names the tree ${commit.tree}, its entries make ${tree}`, {
      hint: "The repository is damaged, or its trees hold empty directories or modes of a very old git.",
    });
  return tree;
}

function fileHeader(entry: ListedEntry, path: Uint8Array, size: number, time: number): Uint8Array {
  return tarHeader({ type: "file", path, size, executable: entry.kind === "executable", id: entry.id }, time);
}

function withoutIgnored(
  entries: readonly ListedEntry[],
  treatments: ReadonlyMap<string, Treatment>,
): readonly ListedEntry[] {
  let cut: string | undefined;
  return entries.filter(({ kind, path }) => {
    if (cut !== undefined && path.startsWith(cut)) return false;
    cut = undefined;
    if (kind !== "directory" || !treatments.get(path)?.ignore) return true;
    cut = `${path}/`;
    return false;
  });
}

function* ids(blobs: readonly ListedEntry[]): Generator<string> {
  for (const { id } of blobs) yield id;
}

function checkPrefix(prefix: string): void {
  const parts = prefix.split("/");
  if (
    prefix !== "" &&
    (parts.pop() !== "" || parts.some((part) => !/^[A-Za-z0-9][A-Za-z0-9._+~@-]*$/.test(part)))
  )
    fail("SOURCE_REFUSED", `the prefix ${printable(prefix)} is refused`, {
      hint: "A prefix is a directory of plain letters and digits with a slash at its end, as in name-1.0/.",
    });
}
