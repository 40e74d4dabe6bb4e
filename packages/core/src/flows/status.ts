/** What is staged or published at a place: who signed, who is missing, which bytes differ, and what to do next. */

import { type ErrorCode, isCountersignError } from "../errors/index.ts";
import type { Policy } from "../formats/policy.ts";
import type { Forge, Place, Release } from "../ports/forge.ts";
import type { OnProgress } from "./artifacts.ts";
import { inspectPlaced } from "./placed.ts";
import { readForgeEvidence } from "./release-files.ts";
import type { Report } from "./report.ts";
import type { VerifyOptions } from "./verify.ts";

export interface StatusOptions {
  readonly forge: Forge;
  readonly place: Place;
  /** The project that it has to be of, beside the policy's. */
  readonly project?: string | undefined;
  /** Absent: what is there is listed, and nothing judged. */
  readonly policy?: Policy | undefined;
  readonly adapters: VerifyOptions["adapters"];
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface Status {
  readonly release: Release;
  /** Under the policy; for a staged release without its logs, which the gate will write. */
  readonly report?: Report;
  /** Why there is no report although there is a policy. */
  readonly problem?: { readonly code: ErrorCode; readonly message: string };
  /** The next step. */
  readonly next: "sign" | "publish" | "repair" | "pin" | "done";
}

/** Reads every byte of the release. @throws RELEASE_MISSING · RELEASE_AMBIGUOUS · NETWORK_FAILED … */
export async function inspectStatus(options: StatusOptions): Promise<Status> {
  const { forge, place, policy, signal } = options;
  const release = await forge.fetchRelease(place, { signal });
  if (!policy) return { release, next: "pin" };
  try {
    const loose = await readForgeEvidence(forge, release, signal);
    const expect = { version: place.version, project: options.project };
    const report = await inspectPlaced(release, loose, expect, { ...options, policy });
    return { release, report, next: nextStep(release, report) };
  } catch (error) {
    if (!isCountersignError(error) || error.exit === 3 || error.exit === 4) throw error;
    return { release, problem: { code: error.code, message: error.message }, next: "repair" };
  }
}

function nextStep(release: Release, report: Report): Status["next"] {
  if (report.verified) return release.state === "staged" ? "publish" : "done";
  const onlySignatures = report.checks.every(({ ok, link }) => ok || link === "release" || link === "tag");
  return onlySignatures && release.state === "staged" ? "sign" : "repair";
}
