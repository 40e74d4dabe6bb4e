/** The README is run as it stands: its commands, then its program, on a real repository. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as runCli } from "../packages/cli/src/main.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
let directory: string;
let readme: string;

beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "countersign-readme-")));
  readme = await readFile(join(root, "README.md"), "utf8");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The fenced blocks in these languages, in order. */
function fences(...languages: readonly string[]): readonly { language: string; text: string }[] {
  return [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .map(([, language = "", text = ""]) => ({ language, text }))
    .filter(({ language }) => languages.includes(language));
}

async function makeRepository(): Promise<void> {
  const repo = join(directory, "foo");
  await mkdir(repo);
  await writeFile(join(repo, "hello.c"), 'int main(void) { return puts("hello") < 0; }\n');
  const git = (...args: readonly string[]): Promise<unknown> =>
    run("git", ["-C", repo, "-c", "commit.gpgsign=false", ...args]);
  await git("init", "--quiet");
  await git("config", "user.name", "Alice");
  await git("config", "user.email", "alice@example.org");
  await git("add", "hello.c");
  await git("commit", "--quiet", "--message", "Hello");
}

/** One line of a shell block, in this process; returns what it prints. */
async function command(line: string): Promise<string> {
  const [program, ...args] = line.split(" ");
  expect(program).toBe("countersign");
  const said: string[] = [];
  const status = await runCli(
    args,
    {
      cwd: directory,
      env: { PATH: process.env.PATH, COUNTERSIGN_HOME: join(directory, "home") },
      now: new Date(),
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ask: async () => true,
      note: () => undefined,
    },
    {
      look: { color: false, width: 80 },
      stdout: (text) => said.push(text),
      stderr: (text) => said.push(text),
    },
  );
  expect(status, `${line}\n${said.join("")}`).toBe(0);
  return said.join("");
}

test("the commands make, publish, download and verify a release", { timeout: 60_000 }, async () => {
  await makeRepository();
  // Paths in the README are relative, and locators are so to the process.
  const cwd = process.cwd;
  process.cwd = () => directory;
  let said = "";
  let logLine = "";
  try {
    for (const { language, text } of fences("sh", "yaml"))
      if (language === "yaml") {
        const [placeholder = "?"] = /log example\.org\/foo-log\+…/.exec(text) ?? [];
        await writeFile(join(directory, "policy.yaml"), text.replace(placeholder, logLine));
      } else
        for (const line of text.trim().split("\n")) {
          said = await command(line);
          logLine = /"(log [^"]+)"/.exec(said)?.[1] ?? logLine;
        }
  } finally {
    process.cwd = cwd;
  }
  expect(said).toContain(
    "✓ foo 1.0.0   released by alice, bob · tag by alice · recorded in example.org/foo-log #0",
  );
});

test("the program verifies it, and refuses it with one byte changed", { timeout: 60_000 }, async () => {
  const [program] = fences("ts");
  const outfile = join(directory, "embedder.mjs");
  await build({
    stdin: { contents: program?.text ?? "", resolveDir: join(root, "packages/node"), loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@countersign/source"],
    logLevel: "error",
  });
  const { stdout } = await run(process.execPath, [outfile], { cwd: directory });
  expect(stdout).toBe("https://example.org/foo 1.0.0 [ 'alice', 'bob' ]\n");

  const artifact = join(directory, "downloads/foo-1.0.0.tar.gz");
  const bytes = await readFile(artifact);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(artifact, bytes);
  await expect(run(process.execPath, [outfile], { cwd: directory })).rejects.toMatchObject({
    stderr: expect.stringContaining("ARTIFACT_MISMATCH"),
  });
});
