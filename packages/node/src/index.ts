/** @countersign/node: Countersign for programs on Node. What needs the network is in @countersign/node/network. */

export { adapters } from "./adapters.ts";
export { type Config, configName, configSchema, readConfig, versionOfTag } from "./config.ts";
export { decompressors, findProgram } from "./decompress.ts";
export { directorySink } from "./directory-sink.ts";
export { fileSource } from "./file-source.ts";
export { type DirectoryFiles, listDirectory, readSmallFile, writeNewFile } from "./files.ts";
export { homeDirectory } from "./home.ts";
export { readKeys } from "./keys.ts";
export {
  claimedProjects,
  type GivenFiles,
  type GivenRelease,
  readGivenDirectory,
  readGivenFiles,
  readPackedDirectory,
} from "./local-release.ts";
export { readPolicy, type SealedPolicy, sealPolicyFile } from "./policy-file.ts";
export { runProgram } from "./program.ts";
export { type PinnedPolicy, type TrustStore, trustStore } from "./trust-store.ts";
