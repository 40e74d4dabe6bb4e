/** What the forge cases work on: an adapter, an empty place, and files to put there. */

import {
  bytesSource,
  type Forge,
  isWritable,
  type Place,
  type Release,
  readAll,
  type Source,
  utf8,
  type VersionedPlace,
  type WritableForge,
} from "@countersign/core";
import { check } from "./conformance-case.ts";

export interface ForgeFixture {
  readonly forge: Forge;
  /** The place as a whole, without a release; made for one case. */
  readonly place: Place;
  /** That place as a person would type it. */
  readonly locator: (version?: string) => string;
  /** Locators that are this forge's by their beginning, and malformed. */
  readonly malformed: readonly string[];
  /** For forges that only read: puts a published release there. */
  readonly seed?: (version: string, files: readonly Source[]) => Promise<void>;
  readonly close?: () => Promise<void>;
}

export type ForgeRun = (fixture: ForgeFixture) => Promise<void>;
export type WritableRun = (
  forge: WritableForge,
  at: (version: string) => VersionedPlace,
  fixture: ForgeFixture,
) => Promise<void>;

export function file(name: string, content: string): Source {
  return bytesSource(name, utf8(content));
}

/** Larger than one chunk of any stream, and different everywhere. */
export const longContent: string = Array.from({ length: 30_000 }, (_, i) => `line ${i}\n`).join("");

export function placeOf({ place }: ForgeFixture, version: string): VersionedPlace {
  return { ...place, version };
}

/** A published release with these files, by whatever way the fixture has. */
export async function publishFiles(
  fixture: ForgeFixture,
  version: string,
  files: readonly Source[],
): Promise<void> {
  if (fixture.seed) return fixture.seed(version, files);
  const { forge } = fixture;
  check(isWritable(forge), "a fixture with `seed` for a forge that does not write");
  for (const one of files) await forge.stage(placeOf(fixture, version), one);
  await forge.publish(placeOf(fixture, version));
}

/** Name → content. */
export async function contents(forge: Forge, release: Release): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  for (const asset of release.assets)
    found.push([
      asset.name,
      new TextDecoder().decode(await readAll(await forge.open(asset), 1 << 24, asset.name)),
    ]);
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function names({ assets }: Release): readonly string[] {
  return assets.map(({ name }) => name).sort();
}
