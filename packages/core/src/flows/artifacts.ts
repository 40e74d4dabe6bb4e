/** Checks files against a release's evidence: each must be the artifact that it is named after, byte for byte. */

import { isCountersignError } from "../errors/index.ts";
import { sourceSha256 } from "../formats/digest.ts";
import { printable } from "../formats/names.ts";
import type { Source } from "../ports/source.ts";
import type { Evidence } from "./evidence.ts";
import type { ArtifactReport, Check } from "./report.ts";

export interface Progress {
  /** What is being done: "verify", "download", "upload". */
  readonly step: string;
  readonly name: string;
  /** Bytes done of `total`. */
  readonly done: number;
  readonly total: number;
}

export type OnProgress = (progress: Progress) => void;

export interface FilesVerdict {
  readonly artifacts: readonly ArtifactReport[];
  readonly checks: readonly Check[];
  /** The files that fit, by artifact name. */
  readonly verified: ReadonlyMap<string, Source>;
}

/**
 * Hashes each file once.
 * @returns one report for every artifact of the release; a check for every file
 */
export async function inspectFiles(
  files: readonly Source[],
  evidence: Pick<Evidence, "statement">,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: OnProgress | undefined } = {},
): Promise<FilesVerdict> {
  const digests = new Map(evidence.statement.subjects.map(({ name, sha256 }) => [name, sha256]));
  const states = new Map<string, ArtifactReport["state"]>();
  const checks: Check[] = [];
  const verified = new Map<string, Source>();
  for (const file of files) {
    const check = await inspectFile(file, evidence, digests, options);
    checks.push(check);
    if (!digests.has(file.name)) continue;
    if (check.ok) verified.set(file.name, file);
    states.set(file.name, check.ok && states.get(file.name) !== "failed" ? "verified" : "failed");
  }
  const artifacts = evidence.statement.artifacts.map(
    ({ name, size }): ArtifactReport => ({
      name,
      size,
      sha256: digests.get(name) ?? "",
      state: states.get(name) ?? "absent",
    }),
  );
  return { artifacts, checks, verified };
}

async function inspectFile(
  file: Source,
  evidence: Pick<Evidence, "statement">,
  digests: ReadonlyMap<string, string>,
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal | undefined; readonly onProgress?: OnProgress | undefined },
): Promise<Check> {
  const shown = printable(file.name).slice(1, -1);
  const no = (code: NonNullable<Check["code"]>, message: string): Check => ({
    link: "artifact",
    ok: false,
    code,
    message,
    word: "arithmetic",
  });
  const stated = evidence.statement.artifacts.find(({ name }) => name === file.name);
  // A known name with another size needs no hashing: it cannot fit.
  if (stated && stated.size !== file.size)
    return no("ARTIFACT_SIZE", `${shown} has ${file.size} bytes, the release says ${stated.size}`);
  if (!stated && !evidence.statement.artifacts.some(({ size }) => size === file.size))
    return no("ARTIFACT_UNKNOWN", `${shown} is no artifact of this release`);
  let done = 0;
  try {
    const digest = await sourceSha256(file, {
      signal,
      onBytes: (count) => {
        done += count;
        onProgress?.({ step: "verify", name: file.name, done, total: file.size });
      },
    });
    if (digests.get(file.name) === digest)
      return { link: "artifact", ok: true, message: `${shown} is the released file`, word: "arithmetic" };
    const other = [...digests].find(([, sha256]) => sha256 === digest)?.[0];
    if (other !== undefined) return no("ARTIFACT_RENAMED", `${shown} has the bytes of ${other}`);
    if (!stated) return no("ARTIFACT_UNKNOWN", `${shown} is no artifact of this release`);
    return no(
      "ARTIFACT_MISMATCH",
      `${shown} is not the released file: SHA-256 ${digest}, the release says ${digests.get(file.name)}`,
    );
  } catch (error) {
    if (!isCountersignError(error)) throw error;
    return no(error.code, error.message);
  }
}
