/** A whole release at a forge, read and judged where it lies. */

import type { Policy } from "../formats/policy.ts";
import type { Forge, Release } from "../ports/forge.ts";
import type { OnProgress } from "./artifacts.ts";
import type { Expected } from "./evidence.ts";
import { artifactSources, type LooseFiles } from "./release-files.ts";
import type { Report } from "./report.ts";
import { inspectRelease, type VerifyOptions } from "./verify.ts";

export interface PlacedOptions {
  readonly forge: Forge;
  readonly policy: Policy;
  readonly adapters: VerifyOptions["adapters"];
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Reads every byte; nothing of the release may be missing. A staged one is not asked for its logs' records. */
export function inspectPlaced(
  release: Release,
  loose: LooseFiles,
  expect: Expected,
  { forge, policy, adapters, now, signal, onProgress }: PlacedOptions,
  { staged = release.state === "staged" }: { readonly staged?: boolean } = {},
): Promise<Report> {
  const files = artifactSources(forge, release, loose);
  const { bundles } = loose;
  return inspectRelease({
    policy,
    adapters,
    now,
    expect,
    bundles,
    files,
    staged,
    complete: true,
    signal,
    onProgress,
  });
}
