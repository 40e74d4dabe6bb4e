/** Real programs for integration tests: found, or missed as the run demands. */

import { execFileSync, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { describe } from "vitest";

export const root: string = resolve(import.meta.dirname, "../..");
/** The built program, as people run it. */
export const cli: string = join(root, "packages/cli/dist/bin.js");

export function has(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A suite that needs programs: with CI_INTEGRATION=1 it runs, and fails, without them; elsewhere it is skipped in sight. */
export function suite(name: string, programs: readonly string[], body: () => void): void {
  const missing = programs.filter((program) => !has(program));
  if (missing.length === 0 || process.env.CI_INTEGRATION === "1") describe(name, body);
  else describe.skip(`${name} (skipped: ${missing.join(", ")} missing)`, body);
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end without blocking this process, whose servers it may talk to. */
export function run(
  command: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: Uint8Array | string;
  } = {},
): Promise<Ran> {
  const [program = "", ...args] = command;
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: "pipe",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("latin1").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.on("error", fail);
    child.on("close", (status) => done({ status: status ?? -1, stdout, stderr }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input);
  });
}

/** As `run`, but anything other than 0 is an error that shows what was said. */
export async function must(...[command, options]: Parameters<typeof run>): Promise<string> {
  const { status, stdout, stderr } = await run(command, options);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

/** nginx for one directory, on loopback. */
export async function startNginx(
  directory: string,
  room: string,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await new Promise<number>((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
  await mkdir(join(room, "nginx"), { recursive: true });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${join(room, "nginx", kind)};`)
    .join(" ");
  const config = `${process.getuid?.() === 0 ? "user root;" : ""} daemon off; pid ${join(room, "nginx/pid")}; error_log ${join(room, "nginx/log")};
events {}
http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; root ${directory}; } }
`;
  await writeFile(join(room, "nginx/conf"), config);
  const child = spawn("nginx", ["-c", join(room, "nginx/conf")], { stdio: "ignore" });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  const url = `http://127.0.0.1:${port}/`;
  for (let attempt = 0; ; attempt++) {
    const there = await fetch(url).then(
      () => true,
      () => false,
    );
    if (there) break;
    if (attempt > 100) throw new Error("nginx does not answer");
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    url,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
