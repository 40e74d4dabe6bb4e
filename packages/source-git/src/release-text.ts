/** The two texts of a release, beside its artifacts: statement and manifest. */

import {
  formatManifest,
  formatStatement,
  type ReleaseNames,
  type ReleaseStatement,
  type StatedArtifact,
  type StatedSource,
  sha256Hex,
} from "@countersign/core";
import type { FinishedFile, OutputDirectory } from "./output-directory.ts";

export interface PackedRelease {
  readonly names: ReleaseNames;
  readonly statement: ReleaseStatement;
  /** Every file of the release so far, the manifest last. */
  readonly files: readonly FinishedFile[];
  /** Names of those that stood there already, with the same bytes. */
  readonly kept: readonly string[];
}

/** Writes statement and manifest for the finished artifacts, then gives all files their names. */
export async function finishRelease(
  output: OutputDirectory,
  names: ReleaseNames,
  about: {
    readonly project: string;
    readonly version: string;
    readonly source?: StatedSource;
    readonly artifacts: readonly { readonly stated: StatedArtifact; readonly file: FinishedFile }[];
  },
): Promise<PackedRelease> {
  const subjects = about.artifacts.map(({ file: { name, sha256 } }) => ({ name, sha256 }));
  const statement: ReleaseStatement = {
    project: about.project,
    version: about.version,
    ...(about.source && { source: about.source }),
    artifacts: about.artifacts.map(({ stated }) => stated),
    subjects,
  };
  const text = formatStatement(statement);
  const statementFile = await put(output, names.statement, text);
  const manifest = formatManifest([...subjects, { name: names.statement, sha256: sha256Hex(text) }]);
  const manifestFile = await put(output, names.manifest, manifest);
  const files = [...about.artifacts.map(({ file }) => file), statementFile, manifestFile];
  return { names, statement, files, kept: await output.commit() };
}

async function put(output: OutputDirectory, name: string, bytes: Uint8Array): Promise<FinishedFile> {
  const file = await output.create(name);
  await file.write(bytes);
  return await file.finish();
}
