/** `countersign status`: what is where, who signed, who is missing, what to do next. */

import {
  CountersignError,
  errorOfReport,
  inspectStatus,
  isCountersignError,
  readForgeEvidence,
  type Status,
} from "@countersign/core";
import { adapters, claimedProjects } from "@countersign/node";
import { defineCommand, optionFlag, optionText } from "../command.ts";
import { formatBytes, type Look, paint, plain } from "../look.ts";
import { findPolicies, needPlace, noPolicy, policyOptions } from "../places.ts";
import { renderReport } from "../report-text.ts";

interface Result extends Pick<Status, "report" | "problem" | "next"> {
  readonly place: string;
  readonly version: string;
  readonly state: "staged" | "published";
  readonly assets: readonly { readonly name: string; readonly size?: number | undefined }[];
  readonly explain: boolean;
}

export const command = defineCommand<Result>({
  summary: "say what is where, who signed, who is missing",
  usage: ["status LOCATOR [--policy FILE]"],
  arity: [1, 1],
  options: { ...policyOptions, explain: { type: "boolean", summary: "show every link of the chain" } },
  details:
    "Reads every byte that is there. Exit 1 when something does not hold or somebody has still to sign.",
  examples: [
    "countersign status directory:/srv/downloads@1.0.0",
    "countersign status https://download.example.org/1.0.0/",
  ],
  async run(call) {
    const { now, signal, onProgress } = call.context;
    const { forge, place } = await needPlace(call.args[0] ?? "");
    const release = await forge.fetchRelease(place, { signal });
    const listed = {
      place: place.base,
      version: release.place.version,
      state: release.state,
      assets: release.assets.map(({ name, size }) => ({ name, size })),
      explain: optionFlag(call, "explain"),
    };
    const evidence = await readForgeEvidence(forge, release, signal).catch((error: unknown) => {
      if (isCountersignError(error) && error.exit === 1) return error;
      throw error;
    });
    // Fail closed: what nothing could be judged by is not in order.
    if (isCountersignError(evidence))
      return { result: { ...listed, next: "repair" }, exit: 1, error: evidence };
    const claimed = claimedProjects(evidence);
    const policies = await findPolicies(call, claimed);
    const project = optionText(call, "project");
    let status: Status | undefined;
    for (const policy of policies) {
      const found = await inspectStatus({ forge, place, project, policy, adapters, now, signal, onProgress });
      if (!status || found.report?.verified) status = found;
      if (found.report?.verified) break;
    }
    if (!status) return { result: { ...listed, next: "pin" }, exit: 2, error: noPolicy(claimed) };
    const { report, problem, next } = status;
    const result = { ...listed, ...(report && { report }), ...(problem && { problem }), next };
    if (problem) return { result, exit: 1, error: new CountersignError(problem.code, problem.message) };
    if (report && !report.verified) {
      const error = errorOfReport(report);
      return { result, exit: error.exit === 3 ? 3 : 1, ...(next !== "sign" && { error }) };
    }
    return { result };
  },
  render(result, look) {
    const { state, report, next } = result;
    const head = `${plain(result.version)} at ${plain(result.place)}: ${state === "staged" ? "staged, not visible" : "published"}, ${result.assets.length} files`;
    const lines = [paint(look, "bold", head)];
    if (!report)
      for (const { name, size } of result.assets)
        lines.push(`  ${plain(name)}${size === undefined ? "" : `   ${formatBytes(size)}`}`);
    else if (next === "sign") lines.push(...waiting(report, look));
    else lines.push(renderReport(report, look, { explain: result.explain }));
    lines.push(`  ${paint(look, "bold", "next")}  ${nextWords[next](result)}`);
    return lines.join("\n");
  },
});

const nextWords: Record<Status["next"], (result: Result) => string> = {
  sign: ({ place, version, report }) =>
    `\`countersign sign DIR --signer NAME\`, then \`countersign stage DIR --to ${plain(place)}\` for ${plain(version)}${report?.missing ? `; missing: ${plain(report.missing)}` : ""}`,
  publish: ({ place, version }) => `countersign publish ${plain(place)}@${plain(version)}`,
  repair: () => "find out what changed, make the release again, and stage it",
  pin: () =>
    "pin a policy with `countersign trust add`, or give one with --policy; until then nothing is judged",
  done: () => "nothing: it is published and it holds",
};

function waiting(report: NonNullable<Result["report"]>, look: Look): string[] {
  const { signers } = report;
  const held = report.artifacts.filter(({ state }) => state === "verified").length;
  return [
    `  artifacts   ${held} of ${report.artifacts.length} are the files of the manifest`,
    `  tag         ${signers.tag.length > 0 ? `signed by ${signers.tag.join(", ")}` : "no signature that counts"}`,
    `  signed by   ${signers.release.join(", ") || "nobody"}`,
    `  missing     ${report.missing ?? "nobody"}`,
    ...report.ignored.map(
      ({ what, reason }) => `  ${paint(look, "yellow", "ignored")}: ${plain(what)}: ${plain(reason)}`,
    ),
  ];
}
