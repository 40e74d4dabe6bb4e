/** `countersign verify`: walks the chain for files, a directory, a URL or a release. */

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  artifactSources,
  errorOfReport,
  type Forge,
  fail,
  inspectRelease,
  type LooseFiles,
  type Place,
  type Report,
  readForgeEvidence,
  type Source,
} from "@countersign/core";
import { adapters, claimedProjects, readGivenDirectory, readGivenFiles } from "@countersign/node";
import { type Call, defineCommand, optionFlag, optionText, optionTexts } from "../command.ts";
import { findPlace, findPolicies, needReadable, noPolicy, policyOptions } from "../places.ts";
import { renderReport } from "../report-text.ts";

interface Given {
  readonly evidence: LooseFiles;
  /** One, but for a directory that holds several. */
  readonly releases: readonly {
    readonly bundles: LooseFiles["bundles"];
    readonly files: readonly Source[];
  }[];
  readonly strays: readonly string[];
  /** A whole release: nothing of it may be missing. */
  readonly complete: boolean;
  /** The version that the place names. */
  readonly version?: string | undefined;
}

interface Result {
  readonly report: Report;
  /** The other releases of a directory with several: those that hold, and those whose files nothing vouches for. */
  readonly more: readonly Report[];
  /** Files that no release names. */
  readonly strays: readonly string[];
  readonly explain: boolean;
}

export const command = defineCommand<Result>({
  summary: "check files, a directory, a URL or a release",
  usage: [
    "verify FILE… [--bundle FILE] [--policy FILE | --key KEYS]",
    "verify DIR|URL|LOCATOR [--policy FILE]",
  ],
  arity: [1, 1000],
  options: {
    ...policyOptions,
    key: {
      type: "string",
      value: "KEYS",
      multiple: true,
      summary: "a keyring or allowed-signers file, where there is no policy",
    },
    bundle: {
      type: "string",
      value: "FILE",
      multiple: true,
      summary: "the bundle, if it is not beside the file",
    },
    release: { type: "string", value: "VERSION", summary: "the version that it has to be" },
    explain: { type: "boolean", summary: "show every link of the chain, and whose word it adds" },
  },
  details:
    "Offline for files and directories: the bundle (….countersign.json) is looked for beside each file.\nOnly the pinned policy, or the one you name, is believed; never the place that the files came from.",
  examples: [
    "countersign verify qemu-11.2.0.tar.xz",
    "countersign verify qemu-11.2.0.tar.xz --policy qemu.policy --explain",
    "countersign verify https://download.example.org/11.2.0/",
    "countersign verify foo-1.0.tar.gz --key maintainer.asc",
  ],
  async run(call) {
    const given = await readGiven(call);
    const claimed = claimedProjects(given.evidence);
    const policies = await findPolicies(call, claimed);
    if (policies.length === 0) throw noPolicy(claimed);
    const project = optionText(call, "project");
    const version = optionText(call, "release") ?? given.version;
    const { now, signal, onProgress } = call.context;
    const found: Report[] = [];
    for (const { bundles, files } of given.releases) {
      // Several projects may be pinned, and their evidence lie together: one that holds is enough.
      const reports: Report[] = [];
      for (const policy of policies) {
        const expect = { project, version };
        const { complete } = given;
        reports.push(
          await inspectRelease({
            policy,
            adapters,
            now,
            expect,
            bundles,
            files,
            complete,
            signal,
            onProgress,
          }),
        );
        if (reports.at(-1)?.verified) break;
      }
      const best =
        reports.find(({ verified }) => verified) ?? reports.sort((a, b) => holding(b) - holding(a))[0];
      if (best) found.push(best);
    }
    const held = found.filter(({ verified }) => verified);
    const vouched = new Set(
      held.flatMap(({ artifacts }) =>
        artifacts.filter(({ state }) => state === "verified").map(({ name }) => name),
      ),
    );
    // One release that holds says nothing of another's files beside it: each that a release claims has to be vouched for.
    const failed = found.filter(
      ({ verified }, i) => !verified && given.releases[i]?.files.some(({ name }) => !vouched.has(name)),
    );
    const [first] = failed.length > 0 ? failed : held.length > 0 ? held : found;
    if (!first) return fail("BUNDLE_MISSING", "there is no release to verify");
    const report = { ...first, ignored: [...given.evidence.ignored, ...first.ignored] };
    const more = [...held, ...failed].filter((one) => one !== first);
    const result = { report, more, strays: given.strays, explain: optionFlag(call, "explain") };
    if (report.verified) return { result };
    const error = errorOfReport(report);
    // What could not be read is not the same as what does not hold.
    return { result, error, exit: error.exit === 3 ? 3 : 1 };
  },
  render: ({ report, more, strays, explain }, look) =>
    [
      ...more.map((one) => renderReport(one, look, { explain })),
      renderReport(report, look, { explain, strays }),
    ].join("\n"),
});

/** How far a release that does not hold got: the most telling one is shown. */
function holding({ checks, artifacts }: Report): number {
  return checks.filter(({ ok }) => ok).length + artifacts.filter(({ state }) => state === "verified").length;
}

async function readGiven(call: Call): Promise<Given> {
  const { cwd } = call.context;
  const bundles = optionTexts(call, "bundle").map((path) => resolve(cwd, path));
  const [first = "", ...more] = call.args;
  if (await findPlace(first)) {
    const found = await needReadable(first, call);
    if (more.length > 0) fail("USAGE", "give one URL or locator at a time");
    return readPlace(found.forge, found.place, call);
  }
  const paths = call.args.map((path) => resolve(cwd, path));
  const [path = ""] = paths;
  const directory = await stat(path).then(
    (one) => one.isDirectory(),
    () => false,
  );
  if (!directory) {
    const { files, evidence } = await readGivenFiles(paths, bundles);
    return { evidence, releases: [{ bundles: evidence.bundles, files }], strays: [], complete: false };
  }
  if (more.length > 0) fail("USAGE", "give one directory at a time, or files");
  return { ...(await readGivenDirectory(path)), complete: false };
}

async function readPlace(forge: Forge, place: Place, call: Call): Promise<Given> {
  const { signal } = call.context;
  const release = await forge.fetchRelease(place, { signal });
  const evidence = await readForgeEvidence(forge, release, signal);
  const all = artifactSources(forge, release, evidence);
  const files = place.file === undefined ? all : all.filter(({ name }) => name === place.file);
  if (place.file !== undefined && files.length === 0)
    fail("ARTIFACT_UNKNOWN", `${place.file} is no artifact of the release there`);
  return {
    evidence,
    releases: [{ bundles: evidence.bundles, files }],
    strays: [],
    complete: place.file === undefined,
    version: place.version,
  };
}
