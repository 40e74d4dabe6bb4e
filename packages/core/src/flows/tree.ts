/** Recomputes the commit's tree from a tarball: nobody's word is needed for that link. */

import { createHasher } from "#native";
import { fail, isCountersignError } from "../errors/index.ts";
import { toHex } from "../formats/bytes.ts";
import { readStream } from "../formats/digest.ts";
import type { PackedArtifact, ReleaseStatement, StatedSource } from "../formats/statement.ts";
import { treeOfTar } from "../formats/tar.ts";
import type { Source } from "../ports/source.ts";
import type { OnProgress } from "./artifacts.ts";
import type { Check } from "./report.ts";
import { asCheck } from "./roles.ts";

type Decompress = (stream: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>;

/** How to read a compressed tar. `tar.gz` has a default; without the others, the report says that the tree was not recomputed. */
export type Decompressors = Readonly<Partial<Record<"tar.gz" | "tar.xz", Decompress>>>;

export interface TreesVerdict {
  readonly checks: readonly Check[];
  readonly notChecked: readonly string[];
}

/** @param files verified artifacts by name; of each tar one archive is enough, the cheapest to read */
export async function inspectTrees(
  files: ReadonlyMap<string, Source>,
  statement: ReleaseStatement,
  decompressors: Decompressors = {},
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: OnProgress | undefined } = {},
): Promise<TreesVerdict> {
  const { source } = statement;
  const packed = statement.artifacts.filter(
    (artifact): artifact is PackedArtifact => artifact.format !== "declared" && files.has(artifact.name),
  );
  if (!source) return { checks: [], notChecked: [] };
  const declared = statement.artifacts.filter(({ name, format }) => format === "declared" && files.has(name));
  const gzip: Decompress = (stream) => stream.pipeThrough(new DecompressionStream("gzip") as never);
  const readers: Readonly<Record<PackedArtifact["format"], Decompress | undefined>> = {
    tar: (stream) => stream,
    "tar.gz": decompressors["tar.gz"] ?? gzip,
    "tar.xz": decompressors["tar.xz"],
  };
  const checks: Check[] = [];
  const notChecked = declared.map(
    ({ name }) => `that ${name} comes from the tag: it is declared, not made from it`,
  );
  const readable = packed.filter(({ format }) => readers[format]);
  for (const { name, format } of packed)
    if (!readers[format])
      notChecked.push(
        `the tree in ${name}: nothing here reads ${format.slice(4)}; this link rests on the signers`,
      );
  for (const artifact of readable) {
    const file = files.get(artifact.name);
    const reader = readers[artifact.format];
    if (!file || !reader) continue;
    try {
      await verifyTree(file, artifact, source, reader, options);
      const same = isPlain(source);
      const message = same
        ? `${artifact.name} holds the tree of commit ${source.commit.slice(0, 12)}`
        : `${artifact.name} holds the content that the release names`;
      checks.push({ link: "tree", ok: true, message, word: "arithmetic" });
      if (!same)
        notChecked.push(
          `that ${artifact.name} is the commit's tree: submodules or export attributes change it; this link rests on the signers`,
        );
    } catch (error) {
      if (!isCountersignError(error)) throw error;
      checks.push(asCheck("tree", error));
    }
  }
  return { checks, notChecked };
}

async function verifyTree(
  file: Source,
  artifact: PackedArtifact,
  source: StatedSource,
  reader: Decompress,
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal | undefined; readonly onProgress?: OnProgress | undefined },
): Promise<void> {
  const hasher = createHasher("sha256");
  let size = 0;
  // A library's complaint about the archive is a finding, not a crash.
  async function* unpacked(): AsyncGenerator<Uint8Array> {
    try {
      yield* readStream(reader(file.open({ signal })));
    } catch (cause) {
      if (isCountersignError(cause) || signal?.aborted) throw cause;
      fail("ARCHIVE_MALFORMED", `${artifact.name} cannot be unpacked`, { cause });
    }
  }
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of unpacked()) {
      size += chunk.length;
      if (size > artifact.tar.size)
        fail(
          "TREE_MISMATCH",
          `${artifact.name} unpacks to more than the ${artifact.tar.size} bytes that the release says`,
        );
      hasher.update(chunk);
      onProgress?.({ step: "recompute tree", name: artifact.name, done: size, total: artifact.tar.size });
      yield chunk;
    }
  }
  const found = await treeOfTar(hashed(), {
    prefix: source.recipe.prefix,
    format: source.commit.length === 64 ? "sha256" : "sha1",
  });
  if (toHex(hasher.digest()) !== artifact.tar.sha256 || size !== artifact.tar.size)
    fail("TREE_MISMATCH", `${artifact.name} does not unpack to the tar that the release says`);
  if (isPlain(source) && found.tree !== source.tree)
    fail("TREE_MISMATCH", `${artifact.name} holds the tree ${found.tree}, the tag names ${source.tree}`);
  if (found.contentTree !== source.contentTree)
    fail(
      "TREE_MISMATCH",
      `${artifact.name} has the content ${found.contentTree}, the release says ${source.contentTree}`,
    );
}

/** Is the tar the commit's tree, file by file? */
function isPlain({ submodules, recipe }: StatedSource): boolean {
  return submodules.length === 0 && (recipe.departures ?? []).length === 0;
}
