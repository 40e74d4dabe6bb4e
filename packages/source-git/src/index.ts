/** @countersign/source-git: from a signed git tag to a deterministic tarball. */

export type { TarSink } from "./block-writer.ts";
export { checkTagName } from "./ref-name.ts";
export { openRepository, type Repository } from "./repository.ts";
export { type ReadCommit, type ReadTag, readCommit, readTag } from "./tag.ts";
export { type TarOptions, type WrittenTar, writeTar } from "./tar-stream.ts";
