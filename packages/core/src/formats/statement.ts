/**
 * The release statement: an in-toto Statement v1 that says of which project, version, tag, commit and tree the artifacts are.
 * The raw tag and commit objects are inside, so that whoever signs the manifest signs them too.
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */

import * as v from "valibot";
import { fail } from "../errors/index.ts";
import { fromBase64, toBase64, utf8 } from "./bytes.ts";
import { parseJson } from "./json.ts";
import type { Manifest, ManifestLine } from "./manifest.ts";
import { checkName } from "./names.ts";
import {
  countSchema,
  fit,
  gitIdSchema,
  lineSchema,
  projectSchema,
  sha256Schema,
  versionSchema,
} from "./schema.ts";

/** A name, not an address: nothing is fetched from it. */
export const releasePredicateType = "https://countersign.dev/release/v1";
/** Bytes. */
export const maxStatementSize: number = 4 << 20;

export interface Compressor {
  /** "zlib", "xz". */
  readonly program: string;
  readonly version: string;
  /** As its own command line or options have them: "-9", "-T1 -6". */
  readonly settings: string;
}

/** An artifact that `pack` made from the source. */
export interface PackedArtifact {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly format: "tar" | "tar.gz" | "tar.xz";
  /** The uncompressed tar: what a rebuilder with another compressor compares. */
  readonly tar: { readonly sha256: string; readonly size: number };
  readonly compressor?: Compressor;
}

/** An artifact made elsewhere: declared, not rebuilt. */
export interface DeclaredArtifact {
  readonly name: string;
  readonly size: number;
  readonly format: "declared";
}

export type StatedArtifact = PackedArtifact | DeclaredArtifact;

export interface StatedSource {
  readonly tag: string;
  /** The raw annotated tag; absent for a lightweight one, which only `--insecure-unsigned-tag` lets through. */
  readonly tagObject?: Uint8Array;
  /** Git object id, hex: 40 digits in a SHA-1 repository, 64 in a SHA-256 one. */
  readonly commit: string;
  readonly commitObject: Uint8Array;
  /** The commit's tree as git names it. */
  readonly tree: string;
  /** The same content as a git tree in SHA-256 object format. */
  readonly contentTree: string;
  readonly submodules: readonly { readonly path: string; readonly commit: string }[];
  readonly recipe: {
    /** The directory that everything is in, with its slash. */
    readonly prefix: string;
    /** Where the tar is not the commit's tree, by the project's own attributes: paths, and why. */
    readonly departures?:
      | readonly { readonly path: string; readonly why: "export-ignore" | "export-subst" | "eol" }[]
      | undefined;
  };
}

export interface ReleaseStatement {
  readonly project: string;
  readonly version: string;
  /** Absent when nothing is said of a source: files made elsewhere. */
  readonly source?: StatedSource;
  readonly artifacts: readonly StatedArtifact[];
  readonly subjects: readonly ManifestLine[];
}

const base64 = v.pipe(v.string(), v.maxLength(1 << 20));
const tarSchema = v.strictObject({ sha256: sha256Schema, size: countSchema });
const compressorSchema = v.strictObject({
  program: lineSchema(100),
  version: lineSchema(100),
  settings: lineSchema(200),
});
const artifactSchema = v.variant("format", [
  v.strictObject({ name: v.string(), size: countSchema, format: v.literal("declared") }),
  v.strictObject({ name: v.string(), size: countSchema, format: v.literal("tar"), tar: tarSchema }),
  v.strictObject({
    name: v.string(),
    size: countSchema,
    format: v.picklist(["tar.gz", "tar.xz"]),
    tar: tarSchema,
    compressor: compressorSchema,
  }),
]);
const schema = v.strictObject({
  _type: v.literal("https://in-toto.io/Statement/v1"),
  subject: v.pipe(
    v.array(v.strictObject({ name: v.string(), digest: v.strictObject({ sha256: sha256Schema }) })),
    v.maxLength(2000),
  ),
  predicateType: v.literal(releasePredicateType),
  predicate: v.strictObject({
    project: projectSchema,
    version: versionSchema,
    source: v.optional(
      v.strictObject({
        tag: lineSchema(200),
        tagObject: v.optional(base64),
        commit: gitIdSchema,
        commitObject: base64,
        tree: gitIdSchema,
        contentTree: sha256Schema,
        submodules: v.pipe(
          v.array(v.strictObject({ path: lineSchema(4096), commit: gitIdSchema })),
          v.maxLength(2000),
        ),
        recipe: v.strictObject({
          prefix: v.pipe(v.string(), v.maxLength(200)),
          departures: v.optional(
            v.pipe(
              v.array(
                v.strictObject({
                  path: lineSchema(4096),
                  why: v.picklist(["export-ignore", "export-subst", "eol"]),
                }),
              ),
              v.maxLength(2000),
            ),
          ),
        }),
      }),
    ),
    artifacts: v.pipe(v.array(artifactSchema), v.minLength(1), v.maxLength(2000)),
  }),
});

/**
 * @throws STATEMENT_MALFORMED — an unknown field, a wrong type, artifacts and subjects that differ
 * @throws FILE_TOO_LARGE · UTF8_MALFORMED · JSON_MALFORMED · NAME_REFUSED
 */
export function parseStatement(bytes: Uint8Array, where = "the release statement"): ReleaseStatement {
  const { subject, predicate } = fit(
    schema,
    parseJson(bytes, maxStatementSize, where),
    "STATEMENT_MALFORMED",
    where,
  );
  const decode = (text: string): Uint8Array =>
    fromBase64(text) ?? fail("STATEMENT_MALFORMED", `${where}: a git object is not base64`, { where });
  const subjects = subject.map(({ name, digest }) => ({
    name: checkName(name, where),
    sha256: digest.sha256,
  }));
  const names = new Set(predicate.artifacts.map((artifact) => artifact.name));
  if (
    names.size !== subjects.length ||
    names.size !== predicate.artifacts.length ||
    !subjects.every(({ name }) => names.has(name))
  )
    fail("STATEMENT_MALFORMED", `${where}: its artifacts are not its subjects`, { where });
  const { source } = predicate;
  return {
    project: predicate.project,
    version: predicate.version,
    artifacts: predicate.artifacts,
    subjects,
    ...(source && {
      source: {
        tag: source.tag,
        commit: source.commit,
        tree: source.tree,
        contentTree: source.contentTree,
        submodules: source.submodules,
        recipe: source.recipe,
        commitObject: decode(source.commitObject),
        ...(source.tagObject !== undefined && { tagObject: decode(source.tagObject) }),
      },
    }),
  };
}

/** Two-space JSON with a line end. What it writes, `parseStatement` reads. @throws STATEMENT_MALFORMED · NAME_REFUSED */
export function formatStatement(statement: ReleaseStatement): Uint8Array {
  const { source } = statement;
  const document = {
    _type: "https://in-toto.io/Statement/v1",
    subject: statement.subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: releasePredicateType,
    predicate: {
      project: statement.project,
      version: statement.version,
      // Each field by name: the same statement gives the same bytes, whoever put it together.
      source: source && {
        tag: source.tag,
        tagObject: source.tagObject && toBase64(source.tagObject),
        commit: source.commit,
        commitObject: toBase64(source.commitObject),
        tree: source.tree,
        contentTree: source.contentTree,
        submodules: source.submodules.map(({ path, commit }) => ({ path, commit })),
        recipe: {
          prefix: source.recipe.prefix,
          departures: source.recipe.departures?.map(({ path, why }) => ({ path, why })),
        },
      },
      artifacts: statement.artifacts.map(formatArtifact),
    },
  };
  const bytes = utf8(`${JSON.stringify(document, null, 2)}\n`);
  parseStatement(bytes, "the new release statement");
  return bytes;
}

function formatArtifact(artifact: StatedArtifact): object {
  const { name, size, format } = artifact;
  if (artifact.format === "declared") return { name, size, format };
  const { tar, compressor } = artifact;
  return {
    name,
    size,
    format,
    tar: { sha256: tar.sha256, size: tar.size },
    compressor: compressor && {
      program: compressor.program,
      version: compressor.version,
      settings: compressor.settings,
    },
  };
}

/**
 * Manifest and statement are bound: one line of the manifest is the statement's own, all others are its subjects.
 * @throws STATEMENT_MISMATCH — they disagree in any line
 */
export function verifyBinding(
  manifest: Manifest,
  statement: ReleaseStatement,
  statementName: string,
  statementSha256: string,
): void {
  const expected = new Map(statement.subjects.map(({ name, sha256 }) => [name, sha256]));
  const refuse = (what: string): never =>
    fail("STATEMENT_MISMATCH", `manifest and ${statementName} disagree: ${what}`, { where: statementName });
  if (expected.has(statementName)) refuse(`${statementName} names itself`);
  expected.set(statementName, statementSha256);
  for (const { name, sha256 } of manifest.lines) {
    if (expected.get(name) === undefined) refuse(`${name} stands in the manifest only`);
    if (expected.get(name) !== sha256) refuse(`another digest for ${name}`);
    expected.delete(name);
  }
  for (const name of expected.keys()) refuse(`${name} is not in the manifest`);
}
