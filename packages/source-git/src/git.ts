/**
 * Runs git as a tool that nothing from outside can steer: no shell, no variables, no configuration of user or system,
 * no hooks, no network, no replacement of objects.
 */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { devNull } from "node:os";
import { CountersignError, fail, printable } from "@countersign/core";

export interface RunOptions {
  /** `--git-dir`; without it git looks for a repository from `cwd` upwards. */
  readonly gitDir?: string;
  readonly cwd?: string;
  /** Variables beside the scrubbed ones. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface GitResult {
  readonly status: number;
  readonly stdout: Buffer;
  /** What git said, one line, safe to show. */
  readonly said: string;
}

/** Largest answer that is collected, in bytes; longer ones are streamed by who needs them. */
const maxOutput = 512 << 20;

const settings = [
  "core.hooksPath=/dev/null",
  "core.attributesFile=/dev/null",
  "core.fsmonitor=false",
  "core.commitGraph=false",
  "protocol.allow=never",
  // Ownership says nothing here: of a repository only objects and refs are read, never what it asks to run.
  "safe.directory=*",
  "gc.auto=0",
];

/** The environment without what steers git, the compressors or the language of messages. */
export function scrubbedEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && !/^(?:GIT_|XZ_|GZIP|LC_|LANG|LANGUAGE|TZ$|NODE_)/i.test(name))
      env[name] = value;
  return {
    ...env,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_GRAFT_FILE: devNull,
    GIT_OPTIONAL_LOCKS: "0",
    LC_ALL: "C",
    TZ: "UTC",
  };
}

/** Starts git; the caller reads and writes its streams. @throws TOOL_MISSING on `failed` */
export function spawnGit(
  args: readonly string[],
  options: RunOptions,
): {
  readonly child: ChildProcessWithoutNullStreams;
  /** Settles when git ends; rejects when it cannot start or is aborted. */
  readonly ended: Promise<{ readonly status: number; readonly said: string }>;
} {
  const child = spawn(
    "git",
    [
      ...(options.gitDir === undefined ? [] : [`--git-dir=${options.gitDir}`]),
      "--no-replace-objects",
      "--literal-pathspecs",
      "--no-pager",
      ...settings.flatMap((setting) => ["-c", setting]),
      ...args,
    ],
    {
      cwd: options.cwd,
      env: { ...scrubbedEnvironment(), ...options.env },
      signal: options.signal,
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    },
  );
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (errors.length < 4000) errors += text;
  });
  // Git may end before it has read everything; its status tells why.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<{ status: number; said: string }>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.name === "AbortError"
          ? new CountersignError("ABORTED", "stopped while git was running", { cause })
          : new CountersignError("TOOL_MISSING", `git cannot be started (${cause.code ?? "unknown"})`, {
              cause,
            }),
      ),
    );
    child.once("close", (status, signal) =>
      resolve({ status: status ?? 128, said: printable(errors.trim() || (signal ?? "nothing")) }),
    );
  });
  // Whoever streams looks at `ended` only after the last byte; until then a rejection is not unhandled.
  ended.catch(() => undefined);
  return { child, ended };
}

/** Runs git to its end and collects what it writes. Any exit status is an answer. */
export async function runGit(
  args: readonly string[],
  options: RunOptions & { readonly input?: Uint8Array } = {},
): Promise<GitResult> {
  const { child, ended } = spawnGit(args, options);
  child.stdin.end(options.input);
  const parts: Buffer[] = [];
  let size = 0;
  child.stdout.on("data", (part: Buffer) => {
    size += part.length;
    if (size > maxOutput) child.kill("SIGKILL");
    else parts.push(part);
  });
  const { status, said } = await ended;
  if (size > maxOutput) fail("TOOL_FAILED", `git ${args[0]} answered with more than ${maxOutput} bytes`);
  return { status, said, stdout: Buffer.concat(parts) };
}

/** As `runGit`, and insists on success. @throws TOOL_FAILED */
export async function askGit(
  args: readonly string[],
  options: RunOptions & { readonly input?: Uint8Array } = {},
): Promise<Buffer> {
  const { status, said, stdout } = await runGit(args, options);
  if (status !== 0) fail("TOOL_FAILED", `git ${args[0]} failed (${status}): ${said}`);
  return stdout;
}
