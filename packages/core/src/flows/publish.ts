/**
 * The gate: checks the policy over what is staged; if it holds, records the release, makes the bundle, makes the release
 * visible and reads it back as a stranger. It needs no signer's key. Killed anywhere, it is finished by running it again.
 */

import { CountersignError, fail, isCountersignError } from "../errors/index.ts";
import { formatBundle, groupBundles, parseBundle, type UnverifiedBundle } from "../formats/bundle.ts";
import { bytesSource, sha256Hex } from "../formats/digest.ts";
import type { Policy } from "../formats/policy.ts";
import { formatRecord } from "../formats/record.ts";
import { namesOfManifest } from "../formats/release-names.ts";
import type { Release, VersionedPlace, WritableForge } from "../ports/forge.ts";
import type { LogWriter } from "../ports/log.ts";
import type { OnProgress } from "./artifacts.ts";
import { countedBundle, type Evidence, inspectEvidence } from "./evidence.ts";
import { inspectPlaced } from "./placed.ts";
import { type LooseFiles, readForgeEvidence } from "./release-files.ts";
import type { Report } from "./report.ts";
import { errorOfCheck } from "./roles.ts";
import { errorOfReport, type VerifyOptions } from "./verify.ts";

export interface PublishOptions {
  readonly forge: WritableForge;
  readonly place: VersionedPlace;
  /** The project that it has to be of, beside the policy's. */
  readonly project?: string | undefined;
  readonly policy: Policy;
  readonly adapters: VerifyOptions["adapters"];
  /** Writers of the logs that the policy names; as many as it asks for. */
  readonly logs: readonly LogWriter[];
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface PublishPlan {
  readonly state: Release["state"];
  /** The report on what is staged, under the policy; its logs' records are not there yet. */
  readonly report: Report;
  /** What will be recorded. */
  readonly record: Uint8Array;
  readonly bundleName: string;
  /** The evidence that goes into the bundle. */
  readonly evidence: Omit<UnverifiedBundle, "records" | "ignored">;
  /** A bundle that an interrupted run left and that holds: it is kept as it is. */
  readonly existing?: UnverifiedBundle;
}

export interface PublishResult {
  readonly release: Release;
  readonly report: Report;
  /** False: it was published before. */
  readonly changed: boolean;
}

/**
 * Reads and judges everything that is staged; writes nothing.
 * @throws what does not hold: QUORUM_MISSING, ARTIFACT_MISMATCH, ARTIFACT_MISSING …
 * @throws LOG_MISSING — the policy asks for more logs than there are writers
 */
export async function planPublish(options: PublishOptions): Promise<PublishPlan> {
  const { forge, place, policy, signal } = options;
  const writers = policy.logs.of.filter(({ text }) =>
    options.logs.some(({ verifierKey }) => verifierKey === text),
  );
  if (writers.length < policy.logs.atLeast)
    fail(
      "LOG_MISSING",
      `the policy asks for ${policy.logs.atLeast} of its logs; ${writers.length} can be written from here`,
      {
        hint: "Name the log with --log, or in countersign.yaml; its key must be the policy's.",
      },
    );
  const release = await forge.fetchRelease(place, { signal });
  const loose = await readForgeEvidence(forge, release, signal);
  const expect = { version: place.version, project: options.project };
  const report = await inspectPlaced(release, loose, expect, options, { staged: true });
  if (!report.verified) throw errorOfReport(report);
  const evidence = await gather(loose, options);
  const existing = await findExisting(loose, evidence, options);
  return { state: release.state, report, ...evidence, ...(existing && { existing }) };
}

/**
 * Records, bundles, publishes, and reads back.
 * @throws LOG_LOCKED · LOG_UNAVAILABLE · ASSET_CONFLICT — run again
 */
export async function applyPublish(plan: PublishPlan, options: PublishOptions): Promise<PublishResult> {
  const { forge, place, policy, adapters, now, signal } = options;
  const expect = { version: place.version, project: options.project };
  let bundle = plan.existing;
  if (!bundle) {
    if (plan.state === "published")
      throw new CountersignError(
        "ALREADY_PUBLISHED",
        `${place.version} is visible at ${place.base} without a bundle that holds`,
        {
          hint: "It was not published by this gate under this policy. Make a new version.",
        },
      );
    const records = [];
    for (const { text } of policy.logs.of) {
      const log = options.logs.find(({ verifierKey }) => verifierKey === text);
      if (log) records.push({ record: plan.record, proof: await log.append(plan.record, { signal }) });
    }
    const bytes = formatBundle({ ...plan.evidence, records });
    // The bundle alone has to hold, whatever else lies beside it: users may have nothing but the bundle.
    const alone = parseBundle(bytes, plan.bundleName);
    const { checks } = await inspectEvidence([alone], expect, {
      policy,
      schemes: adapters.schemes,
      now,
      signal,
    });
    const problem = errorOfCheck(checks, plan.bundleName);
    if (problem) throw problem;
    // An interrupted run may have left a bundle with an older checkpoint: of the same release, and not published yet.
    await forge.stage(place, bytesSource(plan.bundleName, bytes), { signal, replace: true });
    bundle = alone;
  }
  const release = await forge.publish(place, { signal });
  // As a stranger: what is visible now, under the whole policy, logs included.
  const loose = await readForgeEvidence(forge, release, signal);
  const report = await inspectPlaced(release, loose, expect, options, { staged: false });
  if (!report.verified) throw errorOfReport(report);
  return { release, report, changed: plan.state === "staged" };
}

async function gather(
  loose: LooseFiles,
  options: PublishOptions,
): Promise<Pick<PublishPlan, "record" | "bundleName" | "evidence">> {
  const { policy, adapters, now, signal, place } = options;
  for (const same of groupBundles(loose.bundles)) {
    const [one] = same;
    if (!one) continue;
    const found = await inspectIfReadable(
      same,
      { version: place.version },
      { policy, schemes: adapters.schemes, now, staged: true, signal },
    );
    const names = namesOfManifest(one.manifest.name);
    if (!names || !found || found.checks.some(({ ok }) => !ok)) continue;
    const { signatures } = countedBundle(one, found);
    const { project, version } = found.statement;
    const record = formatRecord({
      kind: "release",
      project,
      version,
      manifest: found.manifest.sha256,
      artifacts: found.manifest.lines,
      signatures: signatures.map(({ name, bytes }) => ({ name, sha256: sha256Hex(bytes) })),
    });
    return {
      record,
      bundleName: names.bundle,
      evidence: { manifest: one.manifest, statement: one.statement, signatures },
    };
  }
  return fail("RELEASE_INCOMPLETE", `no manifest at ${place.base} holds`);
}

async function findExisting(
  loose: LooseFiles,
  { evidence }: Pick<PublishPlan, "evidence">,
  options: PublishOptions,
): Promise<UnverifiedBundle | undefined> {
  const { policy, adapters, now, signal, place } = options;
  if (!loose.gated) return undefined;
  const wanted = sha256Hex(evidence.manifest.bytes);
  const same = loose.bundles.filter(
    ({ manifest, records }) =>
      sha256Hex(manifest.bytes) === wanted && (records.length > 0 || policy.logs.atLeast === 0),
  );
  for (const bundle of same) {
    const found = await inspectIfReadable(
      [bundle],
      { version: place.version },
      { policy, schemes: adapters.schemes, now, signal },
    );
    if (found?.checks.every(({ ok }) => ok)) return bundle;
  }
  return undefined;
}

/** Junk beside a release must not stop it: what cannot be read is no candidate. */
async function inspectIfReadable(...args: Parameters<typeof inspectEvidence>): Promise<Evidence | undefined> {
  try {
    return await inspectEvidence(...args);
  } catch (error) {
    if (!isCountersignError(error)) throw error;
    return undefined;
  }
}
