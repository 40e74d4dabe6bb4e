/** Runs the program in this process, from source, as bin.ts does. */

import { run } from "../src/main.ts";

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--format json` printed. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it freely
  json(): any;
}

export interface Person {
  readonly cwd: string;
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly answer?: boolean;
}

export async function type(person: Person, ...argv: string[]): Promise<Ran> {
  // Locators of directories are relative to the process, as bin.ts has it.
  process.chdir(person.cwd);
  let stdout = "";
  let stderr = "";
  const context = {
    cwd: person.cwd,
    env: { PATH: process.env.PATH, COUNTERSIGN_HOME: person.home, ...person.env },
    now: new Date(),
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ask: async () => person.answer ?? false,
    note: (line: string) => {
      stderr += `${line}\n`;
    },
  };
  const exit = await run(argv, context, {
    look: { color: false, width: 80 },
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  return { exit, stdout, stderr, json: () => JSON.parse(stdout) };
}
