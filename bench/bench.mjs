/**
 * Measures against the tools that people would use instead, side by side in one run, and prints a table.
 *
 *   npm run bench                       everything, at the sizes that the targets name
 *   npm run bench -- verify get         these rows
 *   npm run bench -- --scale 0.1 --runs 3
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rows } from "./rows.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: "string", default: "1" }, runs: { type: "string", default: "5" } },
});
const room = mkdtempSync(join(tmpdir(), "countersign-bench-"));
const all = rows({ room, scale: Number(values.scale), runs: Number(values.runs) });
const chosen = positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));
if (chosen.length === 0) {
  console.error(`bench: no such row; there are ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

// The targets are for the sizes that they name.
const judge = (holds, target) =>
  Number(values.scale) === 1 ? `${holds ? "met" : "MISSED"} ${target}` : `(${target} at scale 1)`;
const seconds = (value) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(2)} s`);
const table = [["what", "ours", "theirs", "ratio", "target", "peak memory"]];
try {
  for (const { name, title, target, memory, missing, run } of chosen) {
    process.stderr.write(`${name} …\n`);
    if (missing.length > 0) {
      table.push([title, `not measured: ${missing.join(", ")} missing`, "", "", "", ""]);
      continue;
    }
    const found = await run();
    if (found.missing)
      table.push([title, `not measured: ${found.missing.join(", ")} missing`, "", "", "", ""]);
    else if (memory !== undefined)
      table.push([
        title,
        "",
        "",
        `+${found.growth.toFixed(0)} MiB`,
        judge(found.growth <= memory, `≤ +${memory} MiB`),
        `${found.memory.toFixed(0)} MiB`,
      ]);
    else
      table.push([
        title,
        seconds(found.ours),
        seconds(found.theirs),
        `${found.ratio.toFixed(2)} ×`,
        judge(found.ratio <= target, `≤ ${target} ×`),
        found.memory === undefined ? "" : `${found.memory.toFixed(0)} MiB`,
      ]);
  }
} finally {
  rmSync(room, { recursive: true, force: true });
}

const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
for (const row of table)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
