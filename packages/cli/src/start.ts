/** From the process to a run: arguments, streams, signals, exit status. */

import { run } from "./main.ts";
import { progressLine } from "./progress.ts";

export async function start(): Promise<void> {
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      abort.abort(new Error(signal));
      // A second one ends it at once; what was begun is finished by running again.
      process.once(signal, () => process.exit(130));
    });
  const { env, stdout, stderr, stdin } = process;
  const width = stdout.columns ?? 80;
  const color = env.NO_COLOR ? false : env.FORCE_COLOR ? true : stdout.isTTY === true && env.TERM !== "dumb";
  const progress = progressLine({
    terminal: stderr.isTTY === true && env.TERM !== "dumb",
    width: stderr.columns ?? 80,
    write: (text) => stderr.write(text),
    // Not performance.now: it would load a module that nothing else needs.
    clock: () => Number(process.hrtime.bigint() / 1_000_000n),
  });
  const context = {
    cwd: process.cwd(),
    env,
    now: new Date(),
    signal: abort.signal,
    onProgress: progress.report,
    note: (line: string) => {
      progress.end();
      stderr.write(`${line}\n`);
    },
    ask: async (question: string) => {
      if (!stdin.isTTY) return false;
      const { createInterface } = await import("node:readline/promises");
      const terminal = createInterface({ input: stdin, output: stderr });
      const answer = await terminal.question(`${question} [y/N] `);
      terminal.close();
      return /^y(es)?$/i.test(answer.trim());
    },
  };
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    // The reader of a pipe went away: nobody is left to tell.
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
  });
  process.exitCode = await run(process.argv.slice(2), context, {
    look: { color, width },
    stdout: (text) => {
      progress.end();
      stdout.write(text);
    },
    stderr: (text) => {
      progress.end();
      stderr.write(text);
    },
  });
}
