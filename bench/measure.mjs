/** Times whole commands in turn, A B A B …, and gives medians and ratios. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const timeProgram = "/usr/bin/time";
export const measuresMemory = existsSync(timeProgram);

// With Debian's CA bundle named here, Node 20 parses it at every start: that would be measured too.
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

export function hasProgram(name) {
  return spawnSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" }).status === 0;
}

/**
 * Runs one command to its end.
 * @returns seconds, and the peak memory of its largest process in MiB (undefined without GNU time)
 */
export function once([program, ...args], { cwd, extra = {}, before } = {}) {
  before?.();
  const report = join(tmpdir(), `countersign-bench-${process.pid}`);
  const command = measuresMemory
    ? [timeProgram, "-f", "%M", "-o", report, program, ...args]
    : [program, ...args];
  const began = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync(command[0], command.slice(1), {
    cwd,
    env: { ...env, ...extra },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  if (error || status !== 0)
    throw new Error(`${program} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
  const mebibytes = measuresMemory
    ? Number(readFileSync(report, "utf8").trim().split("\n").at(-1)) / 1024
    : undefined;
  rmSync(report, { force: true });
  return { seconds, mebibytes };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Ours against another's, interleaved, after one run of each that does not count. */
export function compare(ours, theirs, { runs = 5, options = {}, theirOptions = options } = {}) {
  const results = { ours: [], theirs: [] };
  for (let run = 0; run <= runs; run++) {
    const a = once(ours, options);
    const b = once(theirs, theirOptions);
    if (run === 0) continue;
    results.ours.push(a);
    results.theirs.push(b);
  }
  return {
    ours: median(results.ours.map(({ seconds }) => seconds)),
    theirs: median(results.theirs.map(({ seconds }) => seconds)),
    ratio: median(results.ours.map(({ seconds }, i) => seconds / results.theirs[i].seconds)),
    memory: measuresMemory ? Math.max(...results.ours.map(({ mebibytes }) => mebibytes)) : undefined,
  };
}
