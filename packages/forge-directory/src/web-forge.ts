/** A web server that serves such a directory, or any web server with a file and its bundle beside it. Read only. */

import {
  type Asset,
  type Forge,
  type ForgeCapabilities,
  type ForgeOptions,
  fail,
  type HttpClient,
  isCountersignError,
  type Place,
  type Release,
  readStream,
} from "@countersign/core";
import { type ListEntry, maxIndexSize, parseIndex, parseList, type ReleaseIndex } from "./index-file.ts";
import { indexName, isVersion, listName } from "./names.ts";
import { below, bundleCandidates, guessVersion, isBundleName, parseWebLocator, webId } from "./web-place.ts";

const supports: ForgeCapabilities = {
  write: false,
  stage: false,
  atomicPublish: true,
  serverDigest: false,
  list: true,
  ranges: true,
};

/**
 * Locators are URLs, see `parseWebLocator`. A release from a host without index.json has two assets, the file and its
 * bundle, and a version that was guessed from the bundle's name: the forge's word, as every version is.
 *
 * @param options.client core's HTTP client
 */
export function webForge({ client }: { readonly client: HttpClient }): Forge {
  const fetchIndex = async (base: string, signal?: AbortSignal): Promise<ReleaseIndex | undefined> => {
    const url = below(base, indexName);
    const bytes = await fetchJson(client, url, signal);
    return bytes && parseIndex(bytes, url);
  };
  const fetchList = async (base: string, signal?: AbortSignal): Promise<readonly ListEntry[] | undefined> => {
    const url = below(base, listName);
    const bytes = await fetchJson(client, url, signal);
    return bytes && parseList(bytes, url);
  };
  const fetchVersion = async (place: Place, version: string, signal?: AbortSignal): Promise<Release> => {
    const directory = below(place.base, version, "");
    const index = await fetchIndex(directory, signal);
    if (!index) return missing(`there is no ${version}`, directory);
    if (index.version !== version)
      return fail("VERSION_MISMATCH", `expected ${version}, its index says ${index.version}`, {
        where: directory,
      });
    return releaseOf(place, index, directory);
  };

  return {
    spec: 1,
    id: webId,
    supports,
    parse: parseWebLocator,

    async *list(place, { signal } = {}) {
      const list = await fetchList(place.base, signal);
      if (list) for (const { version } of list) yield await fetchVersion(place, version, signal);
      else {
        const index = await fetchIndex(place.base, signal);
        if (!index) return missing("neither releases.json nor index.json is there", place.base);
        yield releaseOf(place, index, place.base);
      }
    },

    async fetchRelease(place, { signal } = {}) {
      const { base, version, file } = place;
      if (version !== undefined && !isVersion(version)) missing("no release can have such a version", base);
      if (file !== undefined) return fetchByFile(place, file, signal);
      if (version !== undefined) return fetchVersion(place, version, signal);
      const index = await fetchIndex(base, signal);
      if (index) return releaseOf(place, index, base);
      const list =
        (await fetchList(base, signal)) ?? missing("neither releases.json nor index.json is there", base);
      const [only] = list;
      if (!only) return missing("releases.json names no release", base);
      if (list.length > 1) {
        const some = list.slice(0, 10).map((entry) => entry.version);
        fail("RELEASE_AMBIGUOUS", `there are ${some.join(", ")}`, {
          where: base,
          hint: `Name one of the versions, as in ${base}@${only.version}`,
        });
      }
      return fetchVersion(place, only.version, signal);
    },

    async open(asset, options: ForgeOptions & { readonly start?: number } = {}) {
      const { signal, start = 0 } = options;
      return (await client.fetchStream(asset.ref, { signal, start, expectedSize: asset.size })).stream;
    },
  };

  /** The release that a URL of one file belongs to. */
  async function fetchByFile(place: Place, file: string, signal?: AbortSignal): Promise<Release> {
    // Object stores answer 403 for what they do not have: it counts only when nothing is found.
    let refused: unknown;
    const probe = async <T>(work: Promise<T | undefined>): Promise<T | undefined> =>
      work.catch((error: unknown) => {
        if (!isCountersignError(error) || error.code !== "ACCESS_REFUSED") throw error;
        refused = error;
        return undefined;
      });
    const index = await probe(fetchIndex(place.base, signal));
    if (index?.files.some(({ name }) => name === file)) return releaseOf(place, index, place.base);
    if (index) return missing(`${index.version} has no such file`, below(place.base, file));
    const self: Asset = { name: file, ref: below(place.base, file) };
    const plain = (bundle: string, assets: readonly Asset[]): Release => ({
      place: { ...place, version: guessVersion(bundle) },
      state: "published",
      assets,
    });
    if (isBundleName(file)) return plain(file, [self]);
    const candidates = bundleCandidates(file);
    for (const name of candidates) {
      const ref = below(place.base, name);
      if (await probe(looksLikeJson(client, ref, signal))) return plain(name, [{ name, ref }, self]);
    }
    if (refused !== undefined) throw refused;
    return missing(`none of ${[indexName, ...candidates].join(", ")} is beside it`, self.ref);
  }
}

function releaseOf(place: Place, index: ReleaseIndex, directory: string): Release {
  const assets = index.files.map((entry) => ({ ...entry, ref: below(directory, entry.name) }));
  return { place: { ...place, version: index.version }, state: "published", assets };
}

/** An index; undefined where the server has none, or answers everything with a page of HTML. */
async function fetchJson(
  client: HttpClient,
  url: string,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const bytes = await orMissing(client.fetchBytes(url, maxIndexSize, { signal }));
  return bytes && startsAsJson(bytes) ? bytes : undefined;
}

async function looksLikeJson(client: HttpClient, url: string, signal?: AbortSignal): Promise<boolean> {
  const found = await orMissing(client.fetchStream(url, { signal }));
  if (found)
    for await (const chunk of readStream(found.stream)) if (chunk.length > 0) return startsAsJson(chunk);
  return false;
}

function startsAsJson(bytes: Uint8Array): boolean {
  return bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte)) === 0x7b;
}

async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isCountersignError(error) && error.code === "RELEASE_MISSING") return undefined;
    throw error;
  }
}

function missing(what: string, where: string): never {
  return fail("RELEASE_MISSING", what, { where });
}
