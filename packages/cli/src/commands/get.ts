/** `countersign get`: downloads a release, verified while it streams. */

import { resolve } from "node:path";
import { applyGet, type GetPlan, planGet, type Report, readForgeEvidence } from "@countersign/core";
import { adapters, claimedProjects, directorySink } from "@countersign/node";
import { defineCommand, optionFlag, optionText, optionTexts } from "../command.ts";
import { formatBytes } from "../look.ts";
import { needReadable, policyOptions, withPolicies } from "../places.ts";
import { renderReport } from "../report-text.ts";

interface Result {
  readonly output: string;
  readonly downloads: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
  /** Absent with --dry-run. */
  readonly report?: Report;
}

export const command = defineCommand<Result>({
  summary: "download a release, verified while it streams",
  usage: ["get URL|LOCATOR --output DIR [--policy FILE]"],
  arity: [1, 1],
  options: {
    output: { type: "string", value: "DIR", summary: "where to put the files (default: here)" },
    ...policyOptions,
    only: { type: "string", value: "NAME", multiple: true, summary: "one artifact of the release" },
    release: { type: "string", value: "VERSION", summary: "the version that it has to be" },
    "dry-run": { type: "boolean", summary: "judge the evidence, say what would be downloaded" },
  },
  details:
    "Nothing has its final name before it is verified. An interrupted download goes on where it stopped.",
  examples: [
    "countersign get https://download.example.org/11.2.0/ --output downloads",
    "countersign get directory:/srv/downloads@1.0.0 --only foo-1.0.0.tar.gz",
  ],
  async run(call) {
    const { cwd, now, signal, onProgress } = call.context;
    const { forge, place } = await needReadable(call.args[0] ?? "", call);
    const release = await forge.fetchRelease(place, { signal });
    const claimed = claimedProjects(await readForgeEvidence(forge, release, signal));
    const output = resolve(cwd, optionText(call, "output") ?? ".");
    const only = optionTexts(call, "only");
    const options = {
      forge,
      place,
      adapters,
      now,
      sink: directorySink(output),
      ...(only.length > 0 && { only }),
      expect: {
        project: optionText(call, "project"),
        // Only what the user named: a host may have to guess the version.
        version: optionText(call, "release") ?? place.version,
      },
      signal,
      onProgress,
    };
    const { policy, plan } = await withPolicies(call, claimed, async (one) => ({
      policy: one,
      plan: await planGet({ ...options, policy: one }),
    }));
    const result = { output, downloads: listDownloads(plan) };
    if (optionFlag(call, "dry-run")) return { result };
    return { result: { ...result, report: (await applyGet(plan, { ...options, policy })).report } };
  },
  render({ output, downloads, report }, look) {
    if (report) return `${renderReport(report, look)}\n  in ${output}`;
    return [
      "The evidence holds. Would download:",
      ...downloads.map(({ name, size }) => `  ${name}   ${formatBytes(size)}`),
      `  to ${output}`,
    ].join("\n");
  },
});

function listDownloads({ downloads }: GetPlan): Result["downloads"] {
  return downloads.map(({ asset, size, sha256 }) => ({ name: asset.name, size, sha256 }));
}
