/** From a signed tag to the files of a release: a plan that verifies the tag first, then its application in one pass. */

import {
  type Compressor,
  CountersignError,
  fail,
  isCountersignError,
  type Key,
  type OnProgress,
  type PackedArtifact,
  printable,
  type ReleaseNames,
  releaseNames,
  type Scheme,
  type StatedSource,
  treeTrailer,
  type VerifiedTag,
  verifyTag,
} from "@countersign/core";
import { type ArtifactStream, findCompressor, openArtifact, type PackFormat } from "./compressors.ts";
import { inOutputDirectory } from "./output-directory.ts";
import { finishRelease, type PackedRelease } from "./release-text.ts";
import type { Repository } from "./repository.ts";
import { type ReadTag, readTag } from "./tag.ts";
import { type WrittenTar, writeTar } from "./tar-stream.ts";

export interface PackOptions {
  readonly repository: Repository;
  /** Without `refs/tags/`. */
  readonly tag: string;
  /** What file names begin with: "qemu". */
  readonly name: string;
  readonly version: string;
  /** URI. */
  readonly project: string;
  /** At least one; the tar itself is always hashed. */
  readonly formats: readonly PackFormat[];
  readonly schemes: readonly Scheme[];
  readonly keys: readonly Key[];
  /** When the tag is judged. */
  readonly now: Date;
  /** Packs a tag without a signature. A tag with a bad one is refused all the same. */
  readonly insecureUnsignedTag?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface PackPlan {
  readonly repository: Repository;
  readonly names: ReleaseNames;
  readonly project: string;
  readonly version: string;
  readonly prefix: string;
  readonly tag: ReadTag;
  /** Absent only with `insecureUnsignedTag`. */
  readonly verified: VerifiedTag | undefined;
  readonly artifacts: readonly {
    readonly name: string;
    readonly format: PackFormat;
    readonly compressor: Compressor | undefined;
  }[];
}

/**
 * Verifies the tag and says which files would be made. Writes nothing.
 * @throws TAG_UNSIGNED · TAG_MISMATCH · TAG_UNKNOWN · the signature's own trouble · TOOL_MISSING · NAME_REFUSED
 */
export async function planPack(options: PackOptions): Promise<PackPlan> {
  const { repository, signal, insecureUnsignedTag = false } = options;
  if (options.formats.length === 0 || new Set(options.formats).size !== options.formats.length)
    throw new TypeError("expected at least one format, each once");
  const base = `${options.name}-${options.version}`;
  const names = releaseNames(base);
  const tag = await readTag(repository, options.tag, { lightweight: insecureUnsignedTag, signal });
  const artifacts = [];
  for (const format of options.formats)
    artifacts.push({ name: `${base}.${format}`, format, compressor: await findCompressor(format) });
  return {
    repository,
    names,
    project: options.project,
    version: options.version,
    prefix: `${base}/`,
    tag,
    verified: await verified(tag, options),
    artifacts,
  };
}

/**
 * Makes the artifacts, the release statement and the manifest. Run again, it keeps equal files and finishes the rest.
 * @param options.onProgress bytes of the tar so far; `total` is 0, for it is not known before the end
 * @throws FILE_EXISTS — other bytes stand under one of the names; nothing is written then
 * @throws TREE_MISMATCH — the tag's trailer names another content · SOURCE_REFUSED · REPOSITORY_UNREADABLE · ABORTED
 */
export async function applyPack(
  plan: PackPlan,
  options: {
    readonly output: string;
    readonly onProgress?: OnProgress | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<PackedRelease> {
  const { repository, names, tag, prefix } = plan;
  return await inOutputDirectory(options.output, async (output) => {
    const streams: ArtifactStream[] = [];
    try {
      for (const { format, name } of plan.artifacts)
        streams.push(openArtifact(format, await output.create(name)));
      const tar = await writeTar(repository, tag.commit, {
        prefix,
        signal: options.signal,
        sink: async (chunk) => {
          options.signal?.throwIfAborted();
          await Promise.all(streams.map((stream) => stream.write(chunk)));
        },
        onBytes: (done) => options.onProgress?.({ step: "pack", name: names.base, done, total: 0 }),
      });
      checkTrailer(plan, tar);
      const files = await Promise.all(streams.map((stream) => stream.end()));
      const artifacts = plan.artifacts.flatMap(({ name, format, compressor }, i) => {
        const file = files[i];
        if (file === undefined) return [];
        const stated: PackedArtifact = {
          name,
          size: file.size,
          format,
          tar: { sha256: tar.sha256, size: tar.size },
          ...(compressor && { compressor }),
        };
        return [{ stated, file }];
      });
      return await finishRelease(output, names, {
        project: plan.project,
        version: plan.version,
        source: statedSource(plan, tar),
        artifacts,
      });
    } catch (error) {
      throw options.signal?.aborted && !isCountersignError(error)
        ? new CountersignError("ABORTED", "stopped while packing", { cause: error })
        : error;
    } finally {
      for (const stream of streams) stream.abort();
    }
  });
}

/** `planPack`, then `applyPack`. */
export async function pack(
  options: PackOptions & { readonly output: string; readonly onProgress?: OnProgress },
): Promise<PackedRelease> {
  return await applyPack(await planPack(options), options);
}

async function verified(tag: ReadTag, options: PackOptions): Promise<VerifiedTag | undefined> {
  const unsigned = tag.tag === undefined || tag.tag.signature === undefined;
  if (tag.tag === undefined || (unsigned && options.insecureUnsignedTag === true)) return undefined;
  return await verifyTag({
    bytes: tag.tag.bytes,
    name: tag.name,
    schemes: options.schemes,
    keys: options.keys,
    at: options.now,
    signal: options.signal,
  });
}

function checkTrailer({ tag }: PackPlan, tar: WrittenTar): void {
  const where = `tag ${printable(tag.name)}`;
  const trailer = tag.tag && treeTrailer(tag.tag.message, where);
  if (trailer !== undefined && trailer !== tar.contentTree)
    fail("TREE_MISMATCH", `${where} names the content ${trailer}, the repository gives ${tar.contentTree}`, {
      where,
    });
}

function statedSource({ tag, prefix }: PackPlan, tar: WrittenTar): StatedSource {
  const departures = tar.departures.map(({ path, why }) => ({ path: textPath(path), why }));
  return {
    tag: tag.name,
    ...(tag.tag && { tagObject: tag.tag.bytes }),
    commit: tag.commit.id,
    commitObject: tag.commit.bytes,
    tree: tar.tree,
    contentTree: tar.contentTree,
    submodules: tar.submodules.map(({ path, commit }) => ({ path: textPath(path), commit })),
    recipe: { prefix, ...(departures.length > 0 && { departures }) },
  };
}

/** A path that the statement names; there it is text. */
function textPath(path: string): string {
  const bytes = Buffer.from(path, "latin1");
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes) || /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text))
    fail(
      "SOURCE_REFUSED",
      `${printable(path)} has to be named in the statement, and is no line of UTF-8 text`,
      {
        hint: "Give the submodule, or the path that .gitattributes treats, another name.",
      },
    );
  return text;
}
