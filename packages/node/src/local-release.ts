/** A release in a local directory, or the files of one. */

import { basename, dirname } from "node:path";
import {
  fail,
  type LooseFiles,
  type NamedBytes,
  namesOfManifest,
  parseStatement,
  printable,
  readEvidence,
  type Source,
} from "@countersign/core";
import { fileSource } from "./file-source.ts";
import { type DirectoryFiles, listDirectory } from "./files.ts";

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

/** What a person gave to verify: files, and the evidence beside them. */
export interface GivenFiles {
  readonly files: readonly Source[];
  readonly evidence: LooseFiles;
  /** Shown, not judged: files of a directory that no release names. */
  readonly strays: readonly string[];
}

/**
 * Files or one directory; evidence is looked for beside each file, or in `bundles`.
 * @throws BUNDLE_MISSING · FILE_UNREADABLE
 */
export async function readGivenFiles(
  paths: readonly string[],
  bundles: readonly string[] = [],
): Promise<GivenFiles> {
  const files = await Promise.all(paths.map((path) => fileSource(path)));
  const named = [];
  for (const directory of new Set(bundles.length > 0 ? [] : paths.map((path) => dirname(path))))
    named.push(...(await listDirectory(directory)).named());
  for (const path of bundles) {
    const { readSmallFile } = await import("./files.ts");
    named.push({ name: basename(path), read: (limit: number) => readSmallFile(path, limit) });
  }
  return { files, evidence: await evidenceOf(named, dirname(paths[0] ?? ".")), strays: [] };
}

/** Every artifact in a directory. @throws BUNDLE_MISSING · FILE_UNREADABLE */
export async function readGivenDirectory(path: string): Promise<GivenFiles> {
  const directory = await listDirectory(path);
  const evidence = await evidenceOf(directory.named(), path);
  const artifacts = new Set<string>();
  const evidenceNames = new Set<string>();
  for (const { manifest, statement, signatures } of evidence.bundles) {
    for (const { name } of [manifest, statement, ...signatures]) evidenceNames.add(name);
    try {
      for (const { name } of parseStatement(statement.bytes).artifacts) artifacts.add(name);
    } catch {
      // Judging the evidence says why it cannot be read.
    }
  }
  const present = directory.names.filter((name) => artifacts.has(name));
  const strays = [
    ...directory.names.filter(
      (name) =>
        !artifacts.has(name) &&
        !evidenceNames.has(name) &&
        !/\.countersign(?:\.\d+)?\.json$|\.(?:asc|sig|sshsig|minisig)$|^index\.json$/.test(name),
    ),
    ...directory.others.map((name) => printable(name).slice(1, -1)),
  ];
  return { files: await Promise.all(present.map((name) => directory.source(name))), evidence, strays };
}

/** The projects that the evidence claims: only good for choosing which pinned policy to judge it by. */
export function claimedProjects({ bundles }: LooseFiles): readonly string[] {
  return [
    ...new Set(
      bundles.flatMap(({ statement }) => {
        try {
          return [parseStatement(statement.bytes).project];
        } catch {
          return [];
        }
      }),
    ),
  ];
}

async function evidenceOf(named: Parameters<typeof readEvidence>[0], where: string): Promise<LooseFiles> {
  return readEvidence(named).catch((error) => {
    if (error?.code === "RELEASE_INCOMPLETE")
      return fail("BUNDLE_MISSING", `no bundle in ${where}`, { cause: error, where });
    throw error;
  });
}
