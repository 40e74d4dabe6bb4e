/** Reads what a forge holds of a release, sorted by what it is. Nothing is believed: names are checked, sizes bounded. */

import { CountersignError, type ErrorCode, fail, isCountersignError } from "../errors/index.ts";
import {
  type Ignored,
  maxBundleSize,
  maxEvidence,
  type NamedBytes,
  parseBundle,
  type UnverifiedBundle,
} from "../formats/bundle.ts";
import { readAll } from "../formats/digest.ts";
import { maxManifestSize } from "../formats/manifest.ts";
import { isSafeName, printable } from "../formats/names.ts";
import { isBundleName, namesOfManifest } from "../formats/release-names.ts";
import { maxStatementSize, parseStatement } from "../formats/statement.ts";
import type { Asset, Forge, Release } from "../ports/forge.ts";
import type { Source } from "../ports/source.ts";
import { assetSource } from "./assets.ts";

/** Largest signature file in bytes. */
export const maxSignatureSize: number = 1 << 20;

/** Bundles, and manifests, that are read in one place. */
const maxReleases = 500;

/** The files of a release that are evidence, wherever they were read. */
export interface LooseFiles {
  readonly bundles: readonly UnverifiedBundle[];
  readonly ignored: readonly Ignored[];
  /** True when a bundle made by a gate is among them. */
  readonly gated: boolean;
}

/** A file by name, read on demand. */
export interface NamedFile {
  readonly name: string;
  /** @throws FILE_TOO_LARGE */
  read(limit: number): Promise<Uint8Array>;
}

/** The evidence at a forge. @throws RELEASE_INCOMPLETE — neither bundle nor manifest with statement */
export function readForgeEvidence(forge: Forge, release: Release, signal?: AbortSignal): Promise<LooseFiles> {
  return readEvidence(
    safeAssets(release).map((asset) => ({
      name: asset.name,
      read: async (limit) => readAll(await forge.open(asset, { signal }), limit, asset.name),
    })),
  );
}

/** Assets with names that can be used; the others are as if they were not there. */
export function safeAssets(release: Release): readonly Asset[] {
  return release.assets.filter(({ name }) => isSafeName(name));
}

/**
 * The artifacts at the forge, as sources of the sizes that the release's own statement gives: a forge that serves
 * fewer or more bytes is noticed. Everything else there is left alone.
 */
export function artifactSources(forge: Forge, release: Release, { bundles }: LooseFiles): readonly Source[] {
  const sizes = new Map<string, number>();
  for (const { statement } of bundles) {
    try {
      for (const { name, size } of parseStatement(statement.bytes, statement.name).artifacts)
        sizes.set(name, size);
    } catch (error) {
      // An unreadable statement has no artifacts; judging the evidence says so.
      if (!isCountersignError(error)) throw error;
    }
  }
  return safeAssets(release).flatMap((asset) => {
    const size = sizes.get(asset.name);
    return size === undefined ? [] : [assetSource(forge, asset, size)];
  });
}

/**
 * Reads every bundle, and makes one of each manifest with the loose files that go with it.
 * @throws RELEASE_INCOMPLETE — there is no evidence at all; or the error of the only evidence there is
 */
export async function readEvidence(files: readonly NamedFile[]): Promise<LooseFiles> {
  const ignored: Ignored[] = [];
  const bundles: UnverifiedBundle[] = [];
  let firstError: CountersignError | undefined;
  const attempt = async (what: string, run: () => Promise<UnverifiedBundle>): Promise<void> => {
    try {
      bundles.push(await run());
    } catch (error) {
      if (!isCountersignError(error) || !isAboutContent(error.code)) throw error;
      firstError ??= error;
      ignored.push({ what: printable(what).slice(1, -1), code: error.code, reason: error.message });
    }
  };
  const bundleFiles = few(
    files.filter(({ name }) => isBundleName(name)),
    "bundles",
    ignored,
  );
  for (const file of bundleFiles)
    await attempt(file.name, async () => parseBundle(await file.read(maxBundleSize), file.name));
  const gated = bundles.length > 0;
  const manifests = few(
    files.filter(({ name }) => namesOfManifest(name)),
    "manifests",
    ignored,
  );
  for (const file of manifests)
    if (hasStatement(file.name, files)) await attempt(file.name, () => readLoose(file, files));
  if (bundles.length === 0)
    throw (
      firstError ??
      new CountersignError(
        "RELEASE_INCOMPLETE",
        "expected a bundle, or a manifest with its release statement; found neither",
      )
    );
  return { bundles, ignored, gated };
}

/** The first of too many files; that there are more is said. */
function few(files: readonly NamedFile[], what: string, ignored: Ignored[]): readonly NamedFile[] {
  if (files.length > maxReleases)
    ignored.push({
      what: `${files.length - maxReleases} more ${what}`,
      code: "TOO_MUCH_EVIDENCE",
      reason: `only ${maxReleases} in one place are read`,
    });
  return files.slice(0, maxReleases);
}

async function readLoose(manifest: NamedFile, files: readonly NamedFile[]): Promise<UnverifiedBundle> {
  const names = namesOfManifest(manifest.name) ?? fail("MANIFEST_MALFORMED", manifest.name);
  const statement =
    files.find(({ name }) => name === names.statement) ??
    fail("RELEASE_INCOMPLETE", `${names.statement} is missing`);
  const loose = files.filter(({ name }) => name.startsWith(`${manifest.name}.`));
  if (loose.length > maxEvidence)
    fail("TOO_MUCH_EVIDENCE", `more than ${maxEvidence} signatures of ${manifest.name}`);
  const signatures: NamedBytes[] = [];
  const ignored: Ignored[] = [];
  for (const file of loose) {
    try {
      signatures.push({ name: file.name, bytes: await file.read(maxSignatureSize) });
    } catch (error) {
      if (!isCountersignError(error) || !isAboutContent(error.code)) throw error;
      ignored.push({ what: file.name, code: error.code, reason: error.message });
    }
  }
  return {
    manifest: { name: manifest.name, bytes: await manifest.read(maxManifestSize) },
    statement: { name: statement.name, bytes: await statement.read(maxStatementSize) },
    signatures,
    records: [],
    ignored,
  };
}

function hasStatement(manifestName: string, files: readonly NamedFile[]): boolean {
  const statement = namesOfManifest(manifestName)?.statement;
  return files.some(({ name }) => name === statement);
}

/** Errors that damaged files raise; others (network, access) are not theirs and must not be mistaken for missing evidence. */
function isAboutContent(code: ErrorCode): boolean {
  return /_MALFORMED$|^FILE_TOO_LARGE$|^FILE_UNREADABLE$|^NAME_REFUSED$|^TOO_MUCH_EVIDENCE$/.test(code);
}
