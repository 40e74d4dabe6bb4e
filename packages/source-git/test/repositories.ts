/** Repositories for tests: made by real git, with fixed dates and names, in temporary directories. */

import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const made: string[] = [];
afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), "source-git-test-"));
  made.push(path);
  return path;
}

/** Git without the configuration of whoever runs the tests. */
export function git(cwd: string, args: readonly string[], options: ExecFileSyncOptions = {}): Buffer {
  return execFileSync("git", args, {
    cwd,
    maxBuffer: 2 ** 30,
    stdio: ["pipe", "pipe", "pipe"],
    ...options,
    env: {
      PATH: process.env.PATH,
      HOME: "/nonexistent",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "Ada Maintainer",
      GIT_AUTHOR_EMAIL: "ada@example.org",
      GIT_AUTHOR_DATE: "1700000000 +0100",
      GIT_COMMITTER_NAME: "Ada Maintainer",
      GIT_COMMITTER_EMAIL: "ada@example.org",
      GIT_COMMITTER_DATE: "1700000001 -0230",
      ...options.env,
    },
  }) as Buffer;
}

export function commitOf(path: string, revision = "HEAD"): string {
  return git(path, ["rev-parse", `${revision}^{commit}`])
    .toString()
    .trim();
}

/** What everything here is compared with. */
export function gitArchive(path: string, revision: string, prefix: string): Buffer {
  return git(path, ["archive", "--format=tar", ...(prefix === "" ? [] : [`--prefix=${prefix}`]), revision]);
}

export type Files = Readonly<Record<string, string | Buffer | { link: string } | { run: string }>>;

/** A repository with these files in one commit, tagged `v1.0` (annotated, unsigned). */
export function repository(files: Files, options: { format?: "sha1" | "sha256" } = {}): string {
  const path = temporary();
  git(path, ["init", "-q", "-b", "main", `--object-format=${options.format ?? "sha1"}`, "."]);
  for (const [name, content] of Object.entries(files)) {
    // Names are bytes, one character each.
    const full = Buffer.concat([Buffer.from(`${path}/`), Buffer.from(name, "latin1")]);
    mkdirSync(full.subarray(0, full.lastIndexOf(0x2f)), { recursive: true });
    if (typeof content === "string" || Buffer.isBuffer(content)) writeFileSync(full, content);
    else if ("run" in content) writeFileSync(full, content.run, { mode: 0o755 });
    else symlinkSync(Buffer.from(content.link, "latin1"), full);
  }
  commit(path);
  git(path, ["tag", "-a", "-m", "release", "v1.0"]);
  return path;
}

export function commit(path: string): void {
  git(path, ["add", "-A", "-f", "."], { stdio: ["pipe", "pipe", "ignore"] });
  git(path, ["commit", "-q", "--allow-empty", "-m", "A subject, with 100 %\n\nand a body"]);
}

const long = (length: number, letter: string): string => letter.repeat(length);

/** Everything that has a special place in a tar. */
export const awkward: Files = {
  README: "hello\n",
  "empty file": "",
  "bin/run": { run: "#!/bin/sh\n" },
  "foo-bar/x": "1",
  "foo.c": "2",
  "foo/y": "3",
  "block.bin": Buffer.alloc(512, 1),
  "block+1.bin": Buffer.alloc(513, 2),
  link: { link: "README" },
  dangling: { link: "/nowhere/at all" },
  "link-100": { link: long(100, "t") },
  "link-101": { link: long(101, "u") },
  "link-long": { link: `${long(200, "v")}/${long(200, "v")}` },
  [`n${long(90, "a")}`]: "name of 91",
  [`n${long(99, "b")}`]: "name of 100",
  [`n${long(100, "c")}`]: "name of 101",
  [`n${long(254, "d")}`]: "name of 255",
  [`${long(60, "e")}/${long(60, "f")}`]: "a path that splits",
  [`${long(155, "g")}/${long(60, "h")}`]: "a prefix of 155 with none before it",
  [`${long(120, "i")}/${long(120, "j")}`]: "cannot be split",
  [`${long(100, "k")}/${long(100, "l")}/${long(100, "m")}`]: "very long",
  [`${long(100, "k")}/${long(100, "l")}/link`]: { link: long(150, "w") },
  "latin1-\xe4\xf6\xfc.txt": "not UTF-8",
  "utf8-\xc3\xa4.txt": "UTF-8",
  "new\nline": "a line end in a name",
  "-dash": "a dash",
  "crlf.txt": "a\r\nb\r\n",
};
