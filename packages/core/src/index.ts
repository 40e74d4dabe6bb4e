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
export { type Json, parseJson } from "./formats/json.ts";
export { checkName, isSafeName, maxNameLength, printable } from "./formats/names.ts";
export { type LogFacts, verifyRecordProof } from "./formats/record-proof.ts";
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
