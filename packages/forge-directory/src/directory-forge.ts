/** A directory as a forge: the embedded default. See `layout.ts` for what stands where. */

import { constants } from "node:fs";
import * as nodeFs from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type ForgeCapabilities,
  fail,
  type Release,
  type VersionedPlace,
  type WritableForge,
} from "@countersign/core";
import { asError, codeOf, type DirectoryFs, isDirectory, readFrom, statAt } from "./disk.ts";
import {
  forgeId,
  isPublished,
  parseLocator,
  type ReleasePaths,
  type Root,
  releasePaths,
  rootOf,
} from "./layout.ts";
import { listFiles, publishedVersions, readIndex, stagedVersions } from "./listing.ts";
import { publishRelease } from "./publication.ts";
import { stageFile } from "./staging.ts";

const supports: ForgeCapabilities = {
  write: true,
  stage: true,
  atomicPublish: true,
  serverDigest: false,
  list: true,
  ranges: true,
};

/**
 * Locators: `directory:PATH`, `directory:PATH@VERSION`. After publication a file of a new name may still be staged: it
 * is added beside the others at once. Digests of assets come from index.json, so staged ones have none.
 *
 * @param options.fs `node:fs/promises` unless given
 */
export function directoryForge(options: { readonly fs?: DirectoryFs } = {}): WritableForge {
  const fs = options.fs ?? nodeFs;
  return {
    spec: 1,
    id: forgeId,
    supports,
    parse: parseLocator,

    async *list(place) {
      const root = rootOf(place);
      try {
        const published = await publishedVersions(fs, root);
        for (const version of published) yield await readRelease(fs, { ...place, version }, "published");
        for (const version of await stagedVersions(fs, root))
          if (!published.includes(version)) yield* await readIfStaged(fs, { ...place, version });
      } catch (error) {
        throw asError(error, root.path);
      }
    },

    async fetchRelease(place) {
      const root = rootOf(place);
      try {
        return await fetchRelease(fs, { ...place, version: place.version ?? (await onlyVersion(fs, root)) });
      } catch (error) {
        throw asError(error, root.path);
      }
    },

    async open(asset, { start = 0, signal } = {}) {
      if (!(await statAt(fs, asset.ref).catch((error: unknown) => Promise.reject(asError(error, asset.ref)))))
        fail("RELEASE_MISSING", `${asset.name} is not there any more`, { where: asset.ref });
      return readFrom(fs, asset.ref, asset.size, start, signal);
    },

    async preflight(place) {
      const at = releasePaths(place);
      try {
        await fs.access(await nearestDirectory(fs, at.path), constants.W_OK | constants.X_OK);
      } catch (error) {
        throw asError(error, at.path);
      }
    },

    async stage(place, file, options) {
      const at = releasePaths(place);
      try {
        return await stageFile(fs, at, file, options);
      } catch (error) {
        throw asError(error, at.path);
      }
    },

    async publish(place, { signal } = {}) {
      const at = releasePaths(place);
      try {
        await publishRelease(fs, at, signal);
        return await readRelease(fs, place, "published");
      } catch (error) {
        throw asError(error, at.path);
      }
    },
  };
}

async function fetchRelease(fs: DirectoryFs, place: VersionedPlace): Promise<Release> {
  const at = releasePaths(place);
  // A release that is published between two looks was in neither place; it is looked for again.
  for (let round = 0; round < 3; round++) {
    if ((await isDirectory(fs, at.published)) && (await isPublished(fs, at)))
      return checkFile(await readRelease(fs, place, "published"));
    for (const release of await readIfStaged(fs, place)) return checkFile(release);
  }
  return fail("RELEASE_MISSING", `there is no ${place.version}`, { where: at.path });
}

function checkFile(release: Release): Release {
  const { file } = release.place;
  return file === undefined || release.assets.some(({ name }) => name === file)
    ? release
    : fail("RELEASE_MISSING", `${release.place.version} has no such file`, { where: file });
}

async function readIfStaged(fs: DirectoryFs, place: VersionedPlace): Promise<readonly Release[]> {
  const { staging, staged } = releasePaths(place);
  try {
    if (!(await isDirectory(fs, staging)) || !(await isDirectory(fs, staged))) return [];
    const release = await readRelease(fs, place, "staged");
    return release.assets.length > 0 ? [release] : [];
  } catch (error) {
    // Others than the owner may not look there: for them nothing is staged.
    if (codeOf(error) === "ENOENT" || codeOf(error) === "EACCES") return [];
    throw error;
  }
}

async function readRelease(
  fs: DirectoryFs,
  place: VersionedPlace,
  state: Release["state"],
): Promise<Release> {
  const at: ReleasePaths = releasePaths(place);
  const directory = at[state];
  const { files } = await listFiles(fs, directory);
  const index = state === "published" ? await readIndex(fs, directory) : undefined;
  const assets = files.map(({ name, stat: { size } }) => {
    const sha256 = index?.files.find((entry) => entry.name === name && entry.size === size)?.sha256;
    return { name, size, ...(sha256 !== undefined && { sha256 }), ref: join(directory, name) };
  });
  return { place, state, assets };
}

async function onlyVersion(fs: DirectoryFs, root: Root): Promise<string> {
  const versions = new Set([...(await publishedVersions(fs, root)), ...(await stagedVersions(fs, root))]);
  const [version] = versions;
  if (version === undefined) return fail("RELEASE_MISSING", "there is no release", { where: root.path });
  return versions.size === 1
    ? version
    : fail("RELEASE_AMBIGUOUS", `there are ${[...versions].slice(0, 10).join(", ")}`, { where: root.path });
}

async function nearestDirectory(fs: DirectoryFs, path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const stat = await statAt(fs, at);
    if (stat !== undefined || at === dirname(at)) return at;
  }
}
