/** `countersign publish`: the gate. */

import { applyPublish, planPublish, type Report, readForgeEvidence } from "@countersign/core";
import { adapters, claimedProjects } from "@countersign/node";
import { defineCommand, optionFlag, optionText } from "../command.ts";
import { logOptions, openLogs } from "../logs.ts";
import { paint, plain } from "../look.ts";
import { needWritable, policyOptions, withPolicies } from "../places.ts";
import { renderReport } from "../report-text.ts";

interface Result {
  readonly place: string;
  readonly version: string;
  readonly dryRun: boolean;
  /** False: it was published before. */
  readonly changed: boolean;
  readonly bundle: string;
  readonly report: Report;
}

export const command = defineCommand<Result>({
  summary: "check the policy, record the release, make it visible",
  usage: ["publish LOCATOR [--policy FILE] [--log DIR [--log-key FILE]]"],
  arity: [1, 1],
  options: {
    ...policyOptions,
    ...logOptions,
    "dry-run": { type: "boolean", summary: "check everything, change nothing" },
  },
  details:
    "Reads every staged byte, judges it by the policy, appends the release to the log, makes the bundle, makes the release visible in one step\nand reads it back as a stranger. Needs the log's key, never a signer's. A run that was killed is finished by running it again.",
  examples: [
    "countersign publish directory:/srv/downloads@1.0.0 --log /srv/log",
    "countersign publish directory:/srv/downloads --dry-run",
  ],
  async run(call) {
    const { now, signal, onProgress } = call.context;
    const { forge, place } = await needWritable(call.args[0] ?? "", call);
    const release = await forge.fetchRelease(place, { signal });
    const claimed = claimedProjects(await readForgeEvidence(forge, release, signal));
    const { options, plan } = await withPolicies(call, claimed, async (policy) => {
      const logs = await openLogs(call, policy);
      const options = {
        forge,
        place,
        project: optionText(call, "project"),
        policy,
        adapters,
        logs,
        now,
        signal,
        onProgress,
      };
      return { options, plan: await planPublish(options) };
    });
    const shown = { place: place.base, version: place.version, bundle: plan.bundleName };
    if (optionFlag(call, "dry-run"))
      return { result: { ...shown, dryRun: true, changed: false, report: plan.report } };
    const { report, changed } = await applyPublish(plan, options);
    return { result: { ...shown, dryRun: false, changed, report } };
  },
  render({ place, version, dryRun, changed, bundle, report }, look) {
    const where = `${plain(version)} at ${plain(place)}`;
    if (dryRun)
      return `${renderReport(report, look)}\n  would record it, write ${bundle} and make ${where} visible`;
    return `${renderReport(report, look)}\n  ${paint(look, "bold", changed ? "published" : "was published already")}: ${where} · read back as a stranger`;
  },
});
