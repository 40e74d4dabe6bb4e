/** @countersign/core: ports, formats, proofs and flows. Pure: no I/O, no clock, no environment. */

export { createHasher, verifyEd25519 } from "#native";
export {
  CountersignError,
  type ErrorCode,
  type ErrorEntry,
  type ErrorOptions,
  errorTable,
  fail,
  isCountersignError,
} from "./errors/index.ts";
export type { OnProgress, Progress } from "./flows/artifacts.ts";
export { type Evidence, type Expected, inspectEvidence } from "./flows/evidence.ts";
export { applyGet, type GetOptions, type GetPlan, planGet } from "./flows/get.ts";
export { type Judgement, judgeSignature } from "./flows/judge.ts";
export { openPacked, type Packed } from "./flows/packed.ts";
export {
  applyPublish,
  type PublishOptions,
  type PublishPlan,
  type PublishResult,
  planPublish,
} from "./flows/publish.ts";
export {
  artifactSources,
  type LooseFiles,
  type NamedFile,
  readEvidence,
  readForgeEvidence,
} from "./flows/release-files.ts";
export type { ArtifactReport, Check, Link, Report } from "./flows/report.ts";
export { applySign, planSign, type SignOptions, type SignPlan } from "./flows/sign.ts";
export { applyStage, planStage, type StagePlan, type StageStep } from "./flows/stage.ts";
export { inspectStatus, type Status, type StatusOptions } from "./flows/status.ts";
export {
  judgeTagSignature,
  type TagFacts,
  type TagQuestion,
  type VerifiedTag,
  verifyTag,
} from "./flows/tag.ts";
export type { Decompressors } from "./flows/tree.ts";
export {
  errorOfReport,
  inspectRelease,
  type VerifiedRelease,
  type VerifyOptions,
  verifyRelease,
} from "./flows/verify.ts";
export {
  type BundledRecord,
  formatBundle,
  groupBundles,
  type Ignored,
  maxBundleSize,
  type NamedBytes,
  parseBundle,
  type UnverifiedBundle,
} from "./formats/bundle.ts";
export {
  concatBytes,
  decodeUtf8,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
  utf8,
} from "./formats/bytes.ts";
export {
  type Checkpoint,
  formatCheckpoint,
  type OpenedCheckpoint,
  openCheckpoint,
  openKnownCheckpoint,
  parseCheckpoint,
  parseDecimal,
} from "./formats/checkpoint.ts";
export {
  bytesSource,
  readAll,
  readStream,
  sha1,
  sha256,
  sha256Hex,
  sha512,
  sourceSha256,
} from "./formats/digest.ts";
export {
  type GitCommit,
  type GitObjectType,
  type GitTag,
  gitObjectId,
  maxGitObjectSize,
  type ObjectFormat,
  parseCommit,
  parseTag,
  treeTrailer,
} from "./formats/git-object.ts";
export {
  type BlobHasher,
  blobHasher,
  type Ids,
  type TreeBuilder,
  type TreeMode,
  treeBuilder,
} from "./formats/git-tree.ts";
export { type Json, parseJson } from "./formats/json.ts";
export {
  formatManifest,
  type Manifest,
  type ManifestLine,
  maxManifestSize,
  parseManifest,
} from "./formats/manifest.ts";
export { checkName, isSafeName, lastWords, maxNameLength, plainText, printable } from "./formats/names.ts";
export {
  findSinglePoints,
  maxPolicySize,
  type Policy,
  type PolicyDocument,
  type PolicySigner,
  parsePolicy,
  parsePolicyDocument,
  policyOfKeys,
  policySchema,
  sealedPolicySchema,
  sealPolicy,
} from "./formats/policy.ts";
export {
  describeMissing,
  describeQuorum,
  type Quorum,
  type QuorumText,
  quorumHolds,
} from "./formats/quorum.ts";
export { formatRecord, maxRecordSize, parseRecord, type ReleaseRecord } from "./formats/record.ts";
export { type LogFacts, verifyRecordProof } from "./formats/record-proof.ts";
export { isBundleName, namesOfManifest, type ReleaseNames, releaseNames } from "./formats/release-names.ts";
export {
  formatNote,
  formatVerifierKey,
  isKeyName,
  maxNoteSize,
  type NoteSignature,
  noteKeyId,
  type OpenedNote,
  openNote,
  parseNote,
  parseVerifierKey,
  type UnverifiedNote,
  type VerifierKey,
} from "./formats/signed-note.ts";
export {
  type Compressor,
  type DeclaredArtifact,
  formatStatement,
  maxStatementSize,
  type PackedArtifact,
  parseStatement,
  type ReleaseStatement,
  releasePredicateType,
  type StatedArtifact,
  type StatedSource,
} from "./formats/statement.ts";
export { type TarTree, treeOfTar } from "./formats/tar.ts";
export { openTar, type TarEntry, type TarLimits, type TarReader } from "./formats/tar-reader.ts";
export { type TarMember, tarEnd, tarHeader, tarPadding, tarStart } from "./formats/tar-writer.ts";
export { formatProof, maxProofSize, parseProof, type TlogProof } from "./formats/tlog-proof.ts";
export {
  type FetchedStream,
  type FetchOptions,
  type FetchStreamOptions,
  type HttpClient,
  type HttpClientOptions,
  httpClient,
  type Sleep,
  type UrlPolicy,
} from "./http/index.ts";
export { verifyConsistency } from "./merkle/consistency.ts";
export { emptyRoot, leafHash, nodeHash, splitPoint, treeRoot } from "./merkle/hash.ts";
export { type TreeHead, verifyInclusion, verifySubtree } from "./merkle/inclusion.ts";
export {
  commonEdge,
  consistencyRanges,
  type HashReader,
  inclusionRanges,
  type PathStep,
  pathOf,
  proveConsistency,
  proveInclusion,
  type Range,
  rangeHash,
  rangeNodes,
  type TreeNode,
} from "./merkle/range.ts";
export {
  hashesAtLevel,
  type Tile,
  tileOfNode,
  tilePath,
  tilesAtLevel,
  tileWidth,
  tileWidthAt,
} from "./merkle/tile.ts";
export type { Hasher, HashName } from "./native/types.ts";
export type {
  Asset,
  Forge,
  ForgeCapabilities,
  ForgeOptions,
  Place,
  Release,
  StageOptions,
  VersionedPlace,
  WritableForge,
} from "./ports/forge.ts";
export { isWritable } from "./ports/forge.ts";
export type { LogReader, LogWriter, ProofText } from "./ports/log.ts";
export type { ProgramRequest, ProgramResult, RunProgram } from "./ports/program.ts";
export type {
  CheckOptions,
  Key,
  KeyValidity,
  Purpose,
  Scheme,
  Signature,
  SignatureFacts,
  Signer,
} from "./ports/scheme.ts";
export type { ReadOptions, Sink, Source } from "./ports/source.ts";
export type { Transport, TransportRequest, TransportResponse } from "./ports/transport.ts";
