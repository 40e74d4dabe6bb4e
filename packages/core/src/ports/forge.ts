/** Whatever hosts a release. It carries bytes and is never believed. */

import type { Source } from "./source.ts";

/** Facts about the service, as data, and true: conformance cases are skipped by nothing else. */
export interface ForgeCapabilities {
  /** Can it be written to? */
  readonly write: boolean;
  /** Does it keep staged files where users are not shown them? */
  readonly stage: boolean;
  /** Does a release appear whole in one step? */
  readonly atomicPublish: boolean;
  /** Does it report a SHA-256 of its own for each asset? (Its word only.) */
  readonly serverDigest: boolean;
  /** Can it list its releases? */
  readonly list: boolean;
  /** Can a download begin in the middle? */
  readonly ranges: boolean;
  /** Largest asset in bytes, if there is a limit. */
  readonly maxAssetSize?: number;
}

/** Where a release is or will be. Made by `Forge.parse` from what a person typed. */
export interface Place {
  /** `Forge.id`. */
  readonly forge: string;
  /** The locator in its normal form, without the version; for display and comparison. */
  readonly base: string;
  /** Absent: the place as a whole. */
  readonly version?: string;
  /** Set when the locator names one file of the release (a URL of an asset). */
  readonly file?: string;
}

export interface Asset {
  /** Unchecked: core checks it before use. */
  readonly name: string;
  /** Bytes; the forge's word. */
  readonly size?: number;
  /** Lower-case hex; the forge's word. */
  readonly sha256?: string;
  /** The adapter's own reference to the bytes (a path, a URL, an id). */
  readonly ref: string;
}

export interface Release {
  readonly place: Place & { readonly version: string };
  readonly state: "staged" | "published";
  readonly assets: readonly Asset[];
}

export interface ForgeOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface Forge {
  readonly spec: 1;
  /** The word before the colon of a locator: "directory". */
  readonly id: string;
  readonly supports: ForgeCapabilities;
  /** Undefined when the locator is not this forge's. No I/O. @throws LOCATOR_UNKNOWN — it is ours, but malformed */
  parse(locator: string): Place | undefined;
  /** All releases that this reader may see, staged ones included, in no order. */
  list(place: Place, options?: ForgeOptions): AsyncIterable<Release>;
  /**
   * The release of `place.version`, published if it is, else staged. Without a version: the only one there is.
   * @throws RELEASE_MISSING · RELEASE_AMBIGUOUS · NETWORK_FAILED · HTTP_STATUS · ACCESS_REFUSED
   */
  fetchRelease(place: Place, options?: ForgeOptions): Promise<Release>;
  /** The bytes as they are, from byte `start` (0 where ranges are not supported). Errors appear on the stream. */
  open(
    asset: Asset,
    options?: ForgeOptions & { readonly start?: number },
  ): Promise<ReadableStream<Uint8Array>>;
}

export interface StageOptions extends ForgeOptions {
  /** Replace other bytes that are staged under this name. Never touches what is published. */
  readonly replace?: boolean;
  /** Bytes sent so far. */
  readonly onBytes?: (count: number) => void;
}

export type VersionedPlace = Place & { readonly version: string };

export interface WritableForge extends Forge {
  /** Would `stage` and `publish` be allowed? Changes nothing. @throws ACCESS_REFUSED · PLACE_READONLY */
  preflight(place: VersionedPlace, options?: ForgeOptions): Promise<void>;
  /**
   * Uploads one file unseen. Idempotent: equal bytes under the same name are done already.
   * A run that is killed leaves nothing half-written under the name.
   * @throws ASSET_CONFLICT — other bytes stand there (staged, without `replace`; or published, always)
   */
  stage(place: VersionedPlace, file: Source, options?: StageOptions): Promise<Asset>;
  /** Makes everything staged visible, whole or not at all. Idempotent. @throws RELEASE_MISSING */
  publish(place: VersionedPlace, options?: ForgeOptions): Promise<Release>;
}

/** Does this forge write? */
export function isWritable(forge: Forge): forge is WritableForge {
  return forge.supports.write;
}
