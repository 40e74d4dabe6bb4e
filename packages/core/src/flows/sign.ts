/** Signs a manifest in the role "release": a file of its own, beside what stands. */

import { fail } from "../errors/index.ts";
import type { NamedBytes } from "../formats/bundle.ts";
import { bytesSource } from "../formats/digest.ts";
import type { ReleaseStatement } from "../formats/statement.ts";
import type { Signer } from "../ports/scheme.ts";
import type { Source } from "../ports/source.ts";
import { openPacked, type PackedOptions } from "./packed.ts";

export interface SignPlan {
  readonly statement: ReleaseStatement;
  readonly manifest: NamedBytes;
  /** What will be signed, in order, and the file that it makes. */
  readonly steps: readonly {
    readonly message: string;
    readonly file: string;
    readonly purpose: "release" | "file";
  }[];
}

export interface SignOptions extends PackedOptions {
  /** The signer's name in the policy; goes into the file's name. */
  readonly signer: string;
  /** Ending of the signatures, with the dot. */
  readonly extension: string;
  /** Also sign each artifact, for distributions' tools of today. */
  readonly artifacts?: boolean;
}

/**
 * Checks all that will be signed, and says what will be made.
 * @throws ARTIFACT_MISSING · ARTIFACT_MISMATCH · ARTIFACT_SIZE · STATEMENT_MISMATCH · USAGE
 */
export async function planSign(options: SignOptions): Promise<SignPlan> {
  const { signer, extension } = options;
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(signer))
    fail(
      "USAGE",
      `expected a signer's name of lower-case letters, digits, _ and -, found ${JSON.stringify(signer)}`,
    );
  const { statement, names } = await openPacked(options);
  return {
    statement,
    manifest: options.manifest,
    steps: [
      { message: names.manifest, file: names.signature(signer, extension), purpose: "release" },
      ...(options.artifacts
        ? statement.artifacts.map(({ name }) => ({
            message: name,
            file: `${name}${extension}`,
            purpose: "file" as const,
          }))
        : []),
    ],
  };
}

/** Makes the signatures that the plan names. @throws KEY_LOCKED · SIGNER_FAILED */
export async function applySign(
  plan: SignPlan,
  signer: Signer,
  files: readonly Source[],
  signal?: AbortSignal,
): Promise<readonly NamedBytes[]> {
  const made: NamedBytes[] = [];
  for (const { message, file, purpose } of plan.steps) {
    const source =
      purpose === "release"
        ? bytesSource(message, plan.manifest.bytes)
        : files.find(({ name }) => name === message);
    if (!source) throw new TypeError(`no file ${message}`);
    const { bytes, extension } = await signer.sign(source, { purpose, signal });
    if (!file.endsWith(extension))
      throw new TypeError(`the plan was for another extension than ${extension}`);
    made.push({ name: file, bytes });
  }
  return made;
}
