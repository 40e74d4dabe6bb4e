/** Uploads a release where users are not shown it: a plan from digests, its application, and a reading back. */

import { fail, isCountersignError } from "../errors/index.ts";
import { sourceSha256 } from "../formats/digest.ts";
import { checkName } from "../formats/names.ts";
import type { Asset, Release, VersionedPlace, WritableForge } from "../ports/forge.ts";
import type { Source } from "../ports/source.ts";
import type { OnProgress } from "./artifacts.ts";
import { hashAsset } from "./assets.ts";

export interface StageStep {
  readonly file: Source;
  readonly sha256: string;
  /** `same`: equal bytes are there already. */
  readonly action: "upload" | "same" | "replace";
}

export interface StagePlan {
  readonly place: VersionedPlace;
  readonly steps: readonly StageStep[];
}

export interface StageOptions {
  readonly forge: WritableForge;
  readonly place: VersionedPlace;
  /** Artifacts, manifest, statement, signatures; with the digest in hex where it is known. */
  readonly files: readonly { readonly file: Source; readonly sha256?: string | undefined }[];
  /** Names whose other bytes may be replaced, before publication. */
  readonly replaceStaged?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Compares what is here with what is there; writes nothing.
 * @throws ASSET_CONFLICT — other bytes under a name that was not named in `replaceStaged`, or that is published
 */
export async function planStage(options: StageOptions): Promise<StagePlan> {
  const { forge, place, files, signal, replaceStaged = [] } = options;
  const there = await fetchIfThere(forge, place, signal);
  const steps: StageStep[] = [];
  for (const { file, sha256: known } of files) {
    checkName(file.name, "a file to stage");
    if (forge.supports.maxAssetSize !== undefined && file.size > forge.supports.maxAssetSize)
      fail(
        "FILE_TOO_LARGE",
        `${file.name} has ${file.size} bytes; ${place.base} takes ${forge.supports.maxAssetSize}`,
      );
    const sha256 = known ?? (await sourceSha256(file, { signal }));
    const asset = there?.assets.find(({ name }) => name === file.name);
    if (!asset) steps.push({ file, sha256, action: "upload" });
    else if ((await hashAsset(forge, asset, { limit: file.size, signal })) === sha256)
      steps.push({ file, sha256, action: "same" });
    else if (there?.state === "published")
      fail("ALREADY_PUBLISHED", `other bytes were published as ${file.name} at ${place.base}`, {
        where: file.name,
      });
    else if (replaceStaged.includes(file.name)) steps.push({ file, sha256, action: "replace" });
    else
      fail("ASSET_CONFLICT", `other bytes are staged as ${file.name} at ${place.base}`, { where: file.name });
  }
  return { place, steps };
}

/**
 * Uploads what the plan says, then reads everything back and compares.
 * @throws ASSET_CONFLICT — what was read back is not what was sent
 */
export async function applyStage(plan: StagePlan, options: StageOptions): Promise<Release> {
  const { forge, place, signal, onProgress } = options;
  await forge.preflight(place, { signal });
  for (const { file, action } of plan.steps) {
    if (action === "same") continue;
    let done = 0;
    const onBytes = (count: number): void => {
      done += count;
      onProgress?.({ step: "upload", name: file.name, done, total: file.size });
    };
    await forge.stage(place, file, { signal, replace: action === "replace", onBytes });
  }
  const release = await forge.fetchRelease(place, { signal });
  for (const { file, sha256, action } of plan.steps) {
    if (action === "same") continue;
    const asset = release.assets.find(({ name }) => name === file.name);
    if (
      !asset ||
      (await hashAsset(forge, asset, { limit: file.size, signal, onProgress, step: "read back" })) !== sha256
    )
      fail("ASSET_CONFLICT", `${file.name} reads back other than it was sent`, {
        where: file.name,
        hint: "Somebody else writes to this place, or it is damaged. Find out before you go on.",
      });
  }
  return release;
}

async function fetchIfThere(
  forge: WritableForge,
  place: VersionedPlace,
  signal?: AbortSignal,
): Promise<{ state: Release["state"]; assets: readonly Asset[] } | undefined> {
  try {
    return await forge.fetchRelease(place, { signal });
  } catch (error) {
    if (isCountersignError(error) && error.code === "RELEASE_MISSING") return undefined;
    throw error;
  }
}
