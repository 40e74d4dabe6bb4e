/** Verifies a release offline: its evidence under a policy, and the files at hand. */

import { CountersignError, isCountersignError } from "../errors/index.ts";
import { groupBundles, type UnverifiedBundle } from "../formats/bundle.ts";
import { fromHex, indexOfBytes, utf8 } from "../formats/bytes.ts";
import { sourceSha256 } from "../formats/digest.ts";
import type { Policy } from "../formats/policy.ts";
import type { Scheme } from "../ports/scheme.ts";
import type { Source } from "../ports/source.ts";
import { inspectFiles, type OnProgress } from "./artifacts.ts";
import { type Evidence, type Expected, inspectEvidence } from "./evidence.ts";
import type { ArtifactReport, Check, Report } from "./report.ts";
import { errorOfCheck } from "./roles.ts";
import { type Decompressors, inspectTrees } from "./tree.ts";

export interface VerifyOptions {
  readonly policy: Policy;
  readonly adapters: { readonly schemes: readonly Scheme[]; readonly decompressors?: Decompressors };
  readonly now: Date;
  /** What the user meant to get. The project is always compared with the policy's. */
  readonly expect?: Expected;
  /** All evidence at hand, for one release or several; the union counts. */
  readonly bundles: readonly UnverifiedBundle[];
  /** The files to verify; at least one. */
  readonly files: readonly Source[];
  /** Must every artifact of the release be among the files? For whole releases. Default: no. */
  readonly complete?: boolean;
  /** Before publication: the logs' records are not asked for. Never for what users are to trust. */
  readonly staged?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

declare const verified: unique symbol;

/** A release that its policy vouches for. Only `verifyRelease` makes it. */
export interface VerifiedRelease {
  readonly [verified]: true;
  readonly project: string;
  readonly version: string;
  /** Those whose bytes were verified. */
  readonly artifacts: readonly ArtifactReport[];
  readonly signers: Report["signers"];
  readonly records: Report["records"];
  /** Trusted time of recording; undefined while no witness or clock vouches for one. */
  readonly recordedAt: Date | undefined;
  readonly report: Report;
}

/**
 * @returns what holds, typed as verified
 * @throws the code of the first check that does not hold; `reasons` has all of them
 */
export async function verifyRelease(options: Omit<VerifyOptions, "staged">): Promise<VerifiedRelease> {
  const report = await inspectRelease({ ...options, staged: false });
  const { project, version } = report;
  if (!report.verified || project === undefined || version === undefined) throw errorOfReport(report);
  const artifacts = report.artifacts.filter(({ state }) => state === "verified");
  const release = {
    project,
    version,
    artifacts,
    signers: report.signers,
    records: report.records,
    recordedAt: undefined,
    report,
  };
  return Object.freeze(release) as typeof release & { readonly [verified]: true };
}

/** The report's verdict against the release, as an error. */
export function errorOfReport(report: Report): CountersignError {
  const where = report.version === undefined ? "this release" : `${report.project} ${report.version}`;
  return (
    errorOfCheck(report.checks, where) ??
    new CountersignError("NOTHING_VERIFIED", "nothing was verified", { where })
  );
}

/**
 * Every check, held or not. Evidence for several releases is sorted by manifest; the one that fits the files and holds counts.
 * Throws only for a programmer's mistake or an abort: bad evidence is a finding.
 */
export async function inspectRelease(given: VerifyOptions): Promise<Report> {
  const options = { ...given, files: given.files.map(hashedOnce) };
  const groups = groupBundles(options.bundles);
  if (groups.length === 0) return failed("BUNDLE_MISSING", "no bundle was given");
  // Of many, those that name one of the files come first; the rest could only say that it is not theirs.
  const names = options.files.map(({ name }) => utf8(`  ${name}\n`));
  const named = groups.filter(([bundle]) =>
    names.some((name) => bundle && indexOfBytes(bundle.manifest.bytes, name) >= 0),
  );
  const reports: Report[] = [];
  for (const bundles of (named.length > 0 ? named : groups).slice(0, maxReleases)) {
    const report = await inspectOne(bundles, options);
    if (report.verified) return report;
    reports.push(report);
  }
  // The most telling failure: the release that these files claim to be from, as far as it holds.
  const weight = (report: Report): number =>
    report.artifacts.filter(({ state }) => state !== "absent").length * 100 +
    report.checks.filter(({ ok }) => ok).length;
  return reports.reduce((best, report) => (weight(report) > weight(best) ? report : best));
}

/** Its digest is computed once, however many releases it is held against. */
function hashedOnce(file: Source): Source {
  let digest: Promise<Uint8Array> | undefined;
  return {
    name: file.name,
    size: file.size,
    open: (options) => file.open(options),
    sha256: (options) => {
      digest ??= sourceSha256(file, options).then((hex) => fromHex(hex) ?? new Uint8Array());
      return digest;
    },
  };
}

/** Releases that are judged in one call; each costs signatures. */
const maxReleases = 50;

async function inspectOne(bundles: readonly UnverifiedBundle[], options: VerifyOptions): Promise<Report> {
  let evidence: Evidence;
  const { policy, adapters, now, signal, onProgress } = options;
  try {
    evidence = await inspectEvidence(bundles, options.expect ?? {}, {
      policy,
      schemes: adapters.schemes,
      now,
      staged: options.staged,
      signal,
    });
  } catch (error) {
    if (!isCountersignError(error)) throw error;
    return failed(error.code, error.message);
  }
  const files = await inspectFiles(options.files, evidence, { signal, onProgress });
  const checks: Check[] = [...evidence.checks, ...files.checks];
  const held = files.artifacts.filter(({ state }) => state === "verified");
  const absent = files.artifacts.filter(({ state }) => state === "absent");
  if (options.complete && absent.length > 0)
    checks.push({
      link: "artifact",
      ok: false,
      code: "ARTIFACT_MISSING",
      message: `${absent.map(({ name }) => name).join(", ")} missing`,
      word: "arithmetic",
    });
  if (held.length === 0 && checks.every(({ ok }) => ok))
    checks.push({
      link: "artifact",
      ok: false,
      code: "NOTHING_VERIFIED",
      message: "no artifact of the release was given",
      word: "arithmetic",
    });
  // Evidence that fails names sizes that nobody vouches for: nothing is unpacked for it.
  const trees = checks.some(({ ok }) => !ok)
    ? { checks: [], notChecked: ["the trees in archives: the rest does not hold"] }
    : await inspectTrees(files.verified, evidence.statement, adapters.decompressors, {
        signal,
        onProgress,
      });
  checks.push(...trees.checks);
  const first = checks.find(({ ok }) => !ok);
  return {
    verified: first === undefined,
    ...(first?.code && { code: first.code }),
    project: evidence.statement.project,
    version: evidence.statement.version,
    checks,
    artifacts: files.artifacts,
    signers: evidence.signers,
    records: evidence.records,
    ...(evidence.missing && { missing: evidence.missing }),
    ignored: evidence.ignored,
    notChecked: [
      ...evidence.notChecked,
      ...trees.notChecked,
      ...(absent.length > 0 ? [`${absent.map(({ name }) => name).join(", ")}: not given`] : []),
      "whether it was withdrawn or replaced since: that cannot be seen offline",
    ],
  };
}

function failed(code: NonNullable<Report["code"]>, message: string): Report {
  const check: Check = { link: "manifest", ok: false, code, message, word: "arithmetic" };
  return {
    verified: false,
    code,
    checks: [check],
    artifacts: [],
    signers: { tag: [], release: [] },
    records: [],
    ignored: [],
    notChecked: [],
  };
}
