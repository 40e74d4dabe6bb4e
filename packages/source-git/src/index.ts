/** @countersign/source-git: from a signed git tag to a deterministic tarball, and the texts of a release beside it. */

export type { TarSink } from "./block-writer.ts";
export { findCompressor, type PackFormat } from "./compressors.ts";
export type { FinishedFile } from "./output-directory.ts";
export { applyPack, type PackOptions, type PackPlan, pack, planPack } from "./pack.ts";
export { packFiles } from "./pack-files.ts";
export { checkTagName } from "./ref-name.ts";
export type { PackedRelease } from "./release-text.ts";
export { openRepository, type Repository } from "./repository.ts";
export { type SignedTag, signTag } from "./sign-tag.ts";
export { type ReadCommit, type ReadTag, readCommit, readTag } from "./tag.ts";
export { type TarOptions, type WrittenTar, writeTar } from "./tar-stream.ts";
