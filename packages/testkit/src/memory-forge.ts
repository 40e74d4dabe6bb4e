/** A forge in memory: the smallest adapter that keeps the contract, to read and to break. */

import {
  type Asset,
  bytesSource,
  type ForgeCapabilities,
  fail,
  type Place,
  printable,
  type Release,
  readStream,
  type Source,
  type StageOptions,
  sha256Hex,
  type VersionedPlace,
  type WritableForge,
} from "@countersign/core";

interface Shelf {
  state: Release["state"];
  readonly files: Map<string, Uint8Array>;
}

const supports: ForgeCapabilities = {
  write: true,
  stage: true,
  atomicPublish: true,
  serverDigest: true,
  list: true,
  ranges: true,
};

/** Locators: `memory:NAME`, `memory:NAME@VERSION`. Each call makes a world of its own. */
export function memoryForge(): WritableForge {
  const shelves = new Map<string, Shelf>();
  const keyOf = ({ base, version }: VersionedPlace): string => `${base}@${version}`;
  const shelfAt = (place: VersionedPlace): Shelf =>
    shelves.get(keyOf(place)) ??
    fail("RELEASE_MISSING", `there is no ${printable(place.version)}`, { where: place.base });
  const releaseOf = (place: VersionedPlace): Release => {
    const { state, files } = shelfAt(place);
    const assets = [...files].map(([name, bytes]) => assetOf(place, name, bytes));
    return { place, state, assets };
  };
  const assetOf = (place: VersionedPlace, name: string, bytes: Uint8Array): Asset => ({
    name,
    size: bytes.length,
    sha256: sha256Hex(bytes),
    ref: `${keyOf(place)}#${name}`,
  });
  const versionsAt = ({ base }: Place): readonly string[] =>
    [...shelves.keys()].filter((key) => key.startsWith(`${base}@`)).map((key) => key.slice(base.length + 1));

  return {
    spec: 1,
    id: "memory",
    supports,
    parse: parseMemoryLocator,

    async *list(place) {
      for (const version of versionsAt(place)) yield releaseOf({ ...place, version });
    },

    async fetchRelease(place) {
      if (place.version !== undefined) return releaseOf({ ...place, version: place.version });
      const [version, ...more] = versionsAt(place);
      if (version === undefined) return fail("RELEASE_MISSING", "there is no release", { where: place.base });
      if (more.length > 0)
        fail("RELEASE_AMBIGUOUS", `there are ${[version, ...more].join(", ")}`, { where: place.base });
      return releaseOf({ ...place, version });
    },

    async open({ name, ref }, options = {}) {
      const bytes = shelves
        .get(ref.slice(0, ref.lastIndexOf("#")))
        ?.files.get(ref.slice(ref.lastIndexOf("#") + 1));
      if (!bytes) return fail("RELEASE_MISSING", `${printable(name)} is not there`, { where: ref });
      return bytesSource(name, bytes).open(options);
    },

    async preflight() {},

    async stage(place, file, options = {}) {
      const bytes = await receive(file, options);
      const shelf = shelves.get(keyOf(place)) ?? {
        state: "staged" as const,
        files: new Map<string, Uint8Array>(),
      };
      const there = shelf.files.get(file.name);
      const other = there !== undefined && sha256Hex(there) !== sha256Hex(bytes);
      if (other && (shelf.state === "published" || options.replace !== true))
        fail("ASSET_CONFLICT", `other bytes stand under ${printable(file.name)}`, { where: keyOf(place) });
      shelf.files.set(file.name, bytes);
      shelves.set(keyOf(place), shelf);
      return assetOf(place, file.name, bytes);
    },

    async publish(place) {
      shelfAt(place).state = "published";
      return releaseOf(place);
    },
  };
}

function parseMemoryLocator(locator: string): Place | undefined {
  if (!locator.startsWith("memory:")) return undefined;
  const [, name, version] = /^memory:([a-z0-9-]+)(?:@([A-Za-z0-9._+~-]+))?$/.exec(locator) ?? [];
  if (name === undefined)
    return fail("LOCATOR_UNKNOWN", `expected memory:NAME@VERSION, found ${printable(locator)}`);
  return { forge: "memory", base: `memory:${name}`, ...(version !== undefined && { version }) };
}

async function receive(file: Source, { signal, onBytes }: StageOptions): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readStream(file.open({ signal }))) {
    if (signal?.aborted) break;
    parts.push(chunk.slice());
    size += chunk.length;
    onBytes?.(chunk.length);
  }
  if (signal?.aborted) fail("ABORTED", "the upload was stopped", { where: file.name, cause: signal.reason });
  if (size !== file.size)
    fail("FILE_CHANGED", `${printable(file.name)} should have ${file.size} bytes and gave ${size}`, {
      where: file.name,
    });
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
