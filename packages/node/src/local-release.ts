/** A release in a local directory, or the files of one. */

import { basename, dirname } from "node:path";
import {
  fail,
  groupBundles,
  isCountersignError,
  type LooseFiles,
  type NamedBytes,
  type NamedFile,
  namesOfManifest,
  parseStatement,
  printable,
  readEvidence,
  type Source,
  type UnverifiedBundle,
} from "@countersign/core";
import { fileSource } from "./file-source.ts";
import { type DirectoryFiles, listDirectory, readSmallFile } from "./files.ts";

/**
 * The manifest, statement and files of the one release that `pack` left in a directory.
 * @throws RELEASE_MISSING · RELEASE_AMBIGUOUS · FILE_UNREADABLE
 */
export async function readPackedDirectory(path: string): Promise<{
  readonly directory: DirectoryFiles;
  readonly manifest: NamedBytes;
  readonly statement: NamedBytes;
  readonly files: readonly Source[];
  /** Names of the release's signature files. */
  readonly signatures: readonly string[];
}> {
  const directory = await listDirectory(path);
  const manifests = directory.names.filter((name) => namesOfManifest(name));
  const [only, ...more] = manifests;
  const hint = "Give the directory that `countersign pack` wrote.";
  if (only === undefined)
    return fail("RELEASE_MISSING", `${path} holds no …SHA256SUMS`, { where: path, hint });
  if (more.length > 0)
    return fail("RELEASE_AMBIGUOUS", `${path} holds several releases: ${manifests.join(", ")}`, {
      where: path,
      hint,
    });
  const names = namesOfManifest(only) ?? fail("RELEASE_MISSING", only);
  const read = async (name: string): Promise<NamedBytes> => {
    const file =
      directory.named().find((one) => one.name === name) ??
      fail("RELEASE_INCOMPLETE", `${path} has no ${name}`, { where: path, hint });
    return { name, bytes: await file.read(4 << 20) };
  };
  const manifest = await read(only);
  const statement = await read(names.statement);
  const present = parseStatement(statement.bytes, statement.name).artifacts.filter(({ name }) =>
    directory.names.includes(name),
  );
  return {
    directory,
    manifest,
    statement,
    files: await Promise.all(present.map(({ name }) => directory.source(name))),
    signatures: directory.names.filter(
      (name) =>
        name.startsWith(`${only}.`) ||
        present.some(
          (one) => /^\.(?:asc|sig|sshsig)$/.test(name.slice(one.name.length)) && name.startsWith(one.name),
        ),
    ),
  };
}

/** One release of a directory: its evidence, and those of its artifacts that are here. */
export interface GivenRelease {
  readonly bundles: LooseFiles["bundles"];
  readonly files: readonly Source[];
}

/** What a person gave to verify: files, and the evidence beside them. */
export interface GivenFiles {
  readonly files: readonly Source[];
  readonly evidence: LooseFiles;
}

/**
 * Files, with the evidence beside each or in `bundles`. In a directory of many releases only those are read whose name the
 * file's begins with, as long as there are any.
 * @throws BUNDLE_MISSING · FILE_UNREADABLE
 */
export async function readGivenFiles(
  paths: readonly string[],
  bundles: readonly string[] = [],
): Promise<GivenFiles> {
  const files = await Promise.all(paths.map((path) => fileSource(path)));
  const where = dirname(paths[0] ?? ".");
  if (bundles.length > 0)
    return {
      files,
      evidence: await evidenceOf(
        bundles.map((path) => ({ name: basename(path), read: (limit) => readSmallFile(path, limit) })),
        where,
      ),
    };
  const beside: NamedFile[] = [];
  for (const directory of new Set(paths.map((path) => dirname(path))))
    beside.push(...(await listDirectory(directory)).named());
  const ours = beside.filter(({ name }) => files.some((file) => file.name.startsWith(releaseBase(name))));
  const named = ours.some(({ name }) => releaseBase(name) !== name) ? ours : beside;
  return { files, evidence: await evidenceOf(named, where) };
}

/**
 * Every release in a directory.
 * @throws BUNDLE_MISSING · FILE_UNREADABLE
 */
export async function readGivenDirectory(path: string): Promise<{
  readonly evidence: LooseFiles;
  readonly releases: readonly GivenRelease[];
  /** Files that no release names; fit for a terminal. */
  readonly strays: readonly string[];
}> {
  const directory = await listDirectory(path);
  const evidence = await evidenceOf(directory.named(), path);
  const known = new Set<string>();
  const releases: GivenRelease[] = [];
  for (const bundles of groupBundles(evidence.bundles)) {
    const artifacts = bundles.flatMap(artifactNames).filter((name) => directory.names.includes(name));
    for (const { manifest, statement, signatures } of bundles)
      for (const { name } of [manifest, statement, ...signatures]) known.add(name);
    for (const name of artifacts) known.add(name);
    const files = await Promise.all([...new Set(artifacts)].map((name) => directory.source(name)));
    releases.push({ bundles, files });
  }
  const evidenceLike = /\.countersign(?:\.\d+)?\.json$|\.(?:asc|sig|sshsig)$|^index\.json$/;
  const strays = directory.names.filter((name) => !known.has(name) && !evidenceLike.test(name));
  return {
    evidence,
    releases,
    strays: [...strays, ...directory.others.map((name) => printable(name).slice(1, -1))],
  };
}

/** The projects that the evidence claims: only good for choosing which pinned policy to judge it by. */
export function claimedProjects({ bundles }: LooseFiles): readonly string[] {
  return [
    ...new Set(
      bundles.flatMap(({ statement }) => {
        try {
          return [parseStatement(statement.bytes).project];
        } catch (error) {
          if (!isCountersignError(error)) throw error;
          return [];
        }
      }),
    ),
  ];
}

/** What the names of a release's files begin with; a name that is no manifest's, statement's or bundle's stays as it is. */
function releaseBase(name: string): string {
  return name.replace(/\.(?:SHA256SUMS(?:\..*)?|release\.json|countersign(?:\.\d+)?\.json)$/, "");
}

function artifactNames({ statement }: UnverifiedBundle): readonly string[] {
  try {
    return parseStatement(statement.bytes).artifacts.map(({ name }) => name);
  } catch (error) {
    // Judging the evidence says why it cannot be read.
    if (!isCountersignError(error)) throw error;
    return [];
  }
}

async function evidenceOf(named: Parameters<typeof readEvidence>[0], where: string): Promise<LooseFiles> {
  return readEvidence(named).catch((error) => {
    if (error?.code === "RELEASE_INCOMPLETE")
      return fail("BUNDLE_MISSING", `no bundle in ${where}`, { cause: error, where });
    throw error;
  });
}
