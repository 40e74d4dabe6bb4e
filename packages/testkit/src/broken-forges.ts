/** Forges that break one clause each: they prove that every case can fail. */

import {
  type Asset,
  fail,
  isCountersignError,
  type Release,
  sha256Hex,
  type WritableForge,
} from "@countersign/core";

export interface BrokenForge {
  /** What is wrong with it. */
  readonly fault: string;
  /** Name of the case that must notice. */
  readonly caughtBy: string;
  readonly break: (sound: WritableForge) => WritableForge;
}

const mapAssets = (release: Release, change: (asset: Asset) => Asset): Release => ({
  ...release,
  assets: release.assets.map(change),
});

/** A forge whose answers about releases are changed on their way. */
const seen =
  (change: (release: Release) => Release) =>
  (sound: WritableForge): WritableForge => ({
    ...sound,
    fetchRelease: async (place, options) => change(await sound.fetchRelease(place, options)),
  });

async function there(
  sound: WritableForge,
  place: Parameters<WritableForge["stage"]>[0],
): Promise<Release | undefined> {
  return sound.fetchRelease(place).catch(() => undefined);
}

export const brokenForges: readonly BrokenForge[] = [
  {
    fault: "claims every locator",
    caughtBy: "another forge's locator is left to it",
    break: (sound) => ({
      ...sound,
      parse: (locator) => sound.parse(locator) ?? { forge: "memory", base: locator },
    }),
  },
  {
    fault: "forgets the version",
    caughtBy: "a locator leads to its place",
    break: (sound) => ({
      ...sound,
      parse(locator) {
        const { version: _, ...place } = sound.parse(locator) ?? { forge: "", base: "" };
        return place.base === "" ? undefined : place;
      },
    }),
  },
  {
    fault: "takes malformed locators for another's",
    caughtBy: "a malformed locator is refused",
    break: (sound) => ({
      ...sound,
      parse(locator) {
        try {
          return sound.parse(locator);
        } catch (error) {
          if (isCountersignError(error)) return undefined;
          throw error;
        }
      },
    }),
  },
  {
    fault: "says that it cannot write",
    caughtBy: "it has the methods for writing if it says so, and only then",
    break: (sound) => ({ ...sound, supports: { ...sound.supports, write: false } }),
  },
  {
    fault: "mends line ends",
    caughtBy: "a published release has its files, byte for byte",
    break: (sound) => ({
      ...sound,
      open: async (asset, options) =>
        (await sound.open(asset, options)).pipeThrough(
          new TransformStream({
            transform: (chunk: Uint8Array, controller) =>
              controller.enqueue(chunk.filter((byte) => byte !== 13)),
          }),
        ),
    }),
  },
  {
    fault: "counts one byte too many",
    caughtBy: "a size that is reported is right",
    break: seen((release) => mapAssets(release, (asset) => ({ ...asset, size: (asset.size ?? 0) + 1 }))),
  },
  {
    fault: "reports digests of something else",
    caughtBy: "a digest is reported for each asset, and right",
    break: seen((release) => mapAssets(release, (asset) => ({ ...asset, sha256: sha256Hex() }))),
  },
  {
    fault: "begins at the start, whatever was asked",
    caughtBy: "a download begins in the middle",
    break: (sound) => ({ ...sound, open: (asset, { signal } = {}) => sound.open(asset, { signal }) }),
  },
  {
    fault: "has every version",
    caughtBy: "a version that is not there is missing, alone or beside another",
    break: (sound) => ({
      ...sound,
      fetchRelease: async (place) =>
        (place.version === undefined
          ? undefined
          : await there(sound, { ...place, version: place.version })) ??
        ({ place: { ...place, version: place.version ?? "1.0" }, state: "published", assets: [] } as const),
    }),
  },
  {
    fault: "wants a version always",
    caughtBy: "without a version, the only release is meant",
    break: (sound) => ({
      ...sound,
      fetchRelease: (place, options) =>
        place.version === undefined
          ? fail("RELEASE_MISSING", "no version")
          : sound.fetchRelease(place, options),
    }),
  },
  {
    fault: "takes the first of several",
    caughtBy: "without a version, two releases are ambiguous",
    break: (sound) => ({
      ...sound,
      async fetchRelease(place, options) {
        if (place.version === undefined) for await (const release of sound.list(place)) return release;
        return sound.fetchRelease(place, options);
      },
    }),
  },
  {
    fault: "lists only the first page",
    caughtBy: "published releases are listed with their files",
    break: (sound) => ({
      ...sound,
      async *list(place) {
        for await (const release of sound.list(place)) {
          yield release;
          return;
        }
      },
    }),
  },
  {
    fault: "gives an empty file for one that is gone",
    caughtBy: "a file that is gone is an error, on the stream or before it",
    break: (sound) => ({
      ...sound,
      open: (asset, options) =>
        sound
          .open(asset, options)
          .catch(() => new ReadableStream<Uint8Array>({ start: (controller) => controller.close() })),
    }),
  },
  {
    fault: "shows what is only staged as published",
    caughtBy: "a staged file is there for its owner, as staged",
    break: seen((release) => ({ ...release, state: "published" })),
  },
  {
    fault: "does not list what is staged",
    caughtBy: "what is staged is listed for its owner",
    break: (sound) => ({
      ...sound,
      async *list(place) {
        for await (const release of sound.list(place)) if (release.state === "published") yield release;
      },
    }),
  },
  {
    fault: "makes the release when it is only asked whether it could",
    caughtBy: "a look ahead changes nothing",
    break: (sound) => ({
      ...sound,
      preflight: async (place) => {
        await sound.stage(place, { name: "probe", size: 0, open: () => new Blob([]).stream() });
      },
    }),
  },
  {
    fault: "stores equal bytes a second time",
    caughtBy: "staging equal bytes again changes nothing",
    break: (sound) => ({
      ...sound,
      async stage(place, file, options) {
        const again = (await there(sound, place))?.assets.some(({ name }) => name === file.name);
        return sound.stage(place, again ? { ...file, name: `1-${file.name}` } : file, options);
      },
    }),
  },
  {
    fault: "replaces without being asked",
    caughtBy: "other bytes are not staged over",
    break: (sound) => ({
      ...sound,
      stage: (place, file, options) => sound.stage(place, file, { ...options, replace: true }),
    }),
  },
  {
    fault: "does not replace when asked",
    caughtBy: "other bytes are staged over by request",
    break: (sound) => ({
      ...sound,
      stage: (place, file, options) => sound.stage(place, file, { ...options, replace: false }),
    }),
  },
  {
    fault: "takes a refused replacement for a success",
    caughtBy: "what is published is never replaced, not even by request",
    break: (sound) => ({
      ...sound,
      stage: (place, file, options) =>
        sound.stage(place, file, options).catch((error: unknown) => {
          if (options?.replace !== true) throw error;
          return { name: file.name, ref: "" };
        }),
    }),
  },
  {
    fault: "leaves out one file",
    caughtBy: "publishing shows everything that was staged",
    break: (sound) => ({
      ...sound,
      async publish(place, options) {
        const release = await sound.publish(place, options);
        return { ...release, assets: release.assets.slice(1) };
      },
    }),
  },
  {
    fault: "publishes file by file",
    caughtBy: "at no moment a part of the release is published",
    break(sound) {
      let shown = Number.POSITIVE_INFINITY;
      return {
        ...sound,
        async publish(place, options) {
          const release = await sound.publish(place, options);
          for (shown = 0; shown < release.assets.length; shown++)
            for (let i = 0; i < 20; i++) await Promise.resolve();
          return release;
        },
        async fetchRelease(place, options) {
          const release = await sound.fetchRelease(place, options);
          return { ...release, assets: release.assets.slice(0, shown) };
        },
      };
    },
  },
  {
    fault: "refuses to publish what is published",
    caughtBy: "publishing again changes nothing",
    break: (sound) => ({
      ...sound,
      async publish(place, options) {
        if ((await there(sound, place))?.state === "published") fail("ALREADY_PUBLISHED", "it is published");
        return sound.publish(place, options);
      },
    }),
  },
  {
    fault: "publishes an empty release",
    caughtBy: "nothing cannot be published",
    break: (sound) => ({
      ...sound,
      publish: async (place, options) =>
        (await there(sound, place))
          ? sound.publish(place, options)
          : { place, state: "published", assets: [] },
    }),
  },
  {
    fault: "keeps all versions in one directory",
    caughtBy: "versions do not mix",
    break: (sound) => ({
      ...sound,
      stage: (place, file, options) => sound.stage({ ...place, version: "1.0" }, file, options),
    }),
  },
  {
    fault: "keeps what came before the upload broke",
    caughtBy: "an upload that breaks leaves nothing, and can be repeated",
    break: (sound) => ({
      ...sound,
      stage: (place, file, options) =>
        sound.stage(place, file, options).catch(async (error: unknown) => {
          if (!isCountersignError(error))
            await sound.stage(place, { name: file.name, size: 0, open: () => new Blob([]).stream() });
          throw error;
        }),
    }),
  },
  {
    fault: "takes the size that came for the size that was said",
    caughtBy: "a source that gives fewer or more bytes than it says is refused",
    break: (sound) => ({
      ...sound,
      async stage(place, file, options) {
        const bytes = new Uint8Array(await new Response(file.open()).arrayBuffer());
        const whole = { name: file.name, size: bytes.length, open: () => new Blob([bytes]).stream() };
        return sound.stage(place, whole, options);
      },
    }),
  },
  {
    fault: "does not hear the abort",
    caughtBy: "an abort stops the upload",
    break: (sound) => ({
      ...sound,
      stage: (place, file, { signal: _, ...options } = {}) => sound.stage(place, file, options),
    }),
  },
  {
    fault: "reports each byte twice",
    caughtBy: "progress adds up to the size",
    break: (sound) => ({
      ...sound,
      stage: (place, file, options = {}) =>
        sound.stage(place, file, { ...options, onBytes: (count) => options.onBytes?.(2 * count) }),
    }),
  },
];
