/** A verification's report for a person: the verdict first, what was not checked last. Pure. */

import type { Report } from "@countersign/core";
import { formatBytes, type Look, mark, paint, plain } from "./look.ts";

/** Name and version as people say them: the last part of the project's URI. */
export function titleOf({ project, version }: Pick<Report, "project" | "version">): string {
  if (project === undefined || version === undefined) return "this release";
  return `${plain(project.split(/[/:]/).filter(Boolean).at(-1) ?? project)} ${plain(version)}`;
}

export function renderReport(
  report: Report,
  look: Look,
  { explain = false, strays = [] as readonly string[] } = {},
): string {
  const lines: string[] = [];
  const { signers, records } = report;
  if (report.verified) {
    const parts = [
      `released by ${signers.release.join(", ")}`,
      ...(signers.tag.length > 0 ? [`tag by ${signers.tag.join(", ")}`] : []),
      ...records.map(({ origin, index }) => `recorded in ${plain(origin)} #${index}`),
    ];
    lines.push(`${mark(look, true)} ${paint(look, "bold", titleOf(report))}   ${parts.join(" · ")}`);
    for (const { name, size } of report.artifacts.filter(({ state }) => state === "verified"))
      lines.push(`  ${name}   ${formatBytes(size)}, verified`);
  } else {
    const failed = report.checks.filter(({ ok }) => !ok);
    lines.push(`${mark(look, false)} ${paint(look, "bold", titleOf(report))} is not verified`);
    for (const { code, message } of failed)
      lines.push(`  ${paint(look, "red", code ?? "")} ${plain(message)}`);
    if (report.missing) lines.push(`  missing: ${report.missing}`);
  }
  if (explain) {
    lines.push("", "Every link, and whose word it adds:");
    for (const { link, ok, message, word } of report.checks)
      lines.push(
        `  ${mark(look, ok)} ${link.padEnd(9)} ${plain(message)}  ${paint(look, "dim", `[${plain(word)}]`)}`,
      );
  }
  for (const { what, reason } of report.ignored)
    lines.push(`  ${paint(look, "yellow", "ignored")}: ${plain(what)}: ${plain(reason)}`);
  if (strays.length > 0)
    lines.push(`  ${paint(look, "yellow", "not part of the release")}: ${strays.map(plain).join(", ")}`);
  if (report.verified || explain)
    for (const what of report.notChecked)
      lines.push(`  ${paint(look, "dim", `not checked: ${plain(what)}`)}`);
  if (!explain && report.verified)
    lines.push(paint(look, "dim", "  --explain shows every link of the chain"));
  return lines.join("\n");
}
