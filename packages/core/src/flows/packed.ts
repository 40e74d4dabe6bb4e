/** A release as `pack` left it: all of it is compared before anyone signs or uploads it. */

import { fail } from "../errors/index.ts";
import type { NamedBytes } from "../formats/bundle.ts";
import { sha256Hex } from "../formats/digest.ts";
import { type Manifest, parseManifest } from "../formats/manifest.ts";
import { namesOfManifest, type ReleaseNames } from "../formats/release-names.ts";
import { parseStatement, type ReleaseStatement, verifyBinding } from "../formats/statement.ts";
import type { Source } from "../ports/source.ts";
import { inspectFiles, type OnProgress } from "./artifacts.ts";

export interface PackedOptions {
  readonly manifest: NamedBytes;
  readonly statement: NamedBytes;
  /** The artifacts at hand. All must be here: one signs what one has seen. */
  readonly files: readonly Source[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface Packed {
  readonly names: ReleaseNames;
  readonly manifest: Manifest;
  readonly statement: ReleaseStatement;
  /** The artifacts, in the statement's order; their bytes fit. */
  readonly files: readonly Source[];
}

/** @throws ARTIFACT_MISSING · ARTIFACT_MISMATCH · ARTIFACT_SIZE · STATEMENT_MISMATCH · MANIFEST_MALFORMED · STATEMENT_MALFORMED */
export async function openPacked(options: PackedOptions): Promise<Packed> {
  const manifest = parseManifest(options.manifest.bytes, options.manifest.name);
  const statement = parseStatement(options.statement.bytes, options.statement.name);
  verifyBinding(manifest, statement, options.statement.name, sha256Hex(options.statement.bytes));
  const names =
    namesOfManifest(options.manifest.name) ??
    fail("MANIFEST_MALFORMED", `expected a manifest named …SHA256SUMS, found ${options.manifest.name}`);
  const { artifacts, checks, verified } = await inspectFiles(options.files, { statement }, options);
  const bad = checks.find(({ ok }) => !ok);
  if (bad) fail(bad.code ?? "ARTIFACT_MISMATCH", bad.message);
  const absent = artifacts.filter(({ state }) => state === "absent").map(({ name }) => name);
  if (absent.length > 0) fail("ARTIFACT_MISSING", `missing: ${absent.join(", ")}`);
  return {
    names,
    manifest,
    statement,
    files: statement.artifacts.flatMap(({ name }) => verified.get(name) ?? []),
  };
}
