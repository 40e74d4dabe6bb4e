/** A local git repository, and a sealed room to read its objects in. */

import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fail, type ObjectFormat, printable } from "@countersign/core";
import { askGit, type RunOptions, runGit } from "./git.ts";

export interface Repository {
  /** As it was given. */
  readonly path: string;
  /** Absolute; of a worktree its own. */
  readonly gitDir: string;
  /** Absolute; where the objects are. */
  readonly objects: string;
  readonly format: ObjectFormat;
  /** "2.39.5" */
  readonly gitVersion: string;
}

/**
 * Finds the repository at or above `path`, bare or not.
 * @throws REPOSITORY_UNREADABLE · TOOL_MISSING — no git, or one before 2.31
 */
export async function openRepository(
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Repository> {
  const gitVersion = /\d+\.\d+(?:\.\d+)*/.exec((await askGit(["version"], options)).toString())?.[0] ?? "0.0";
  const [major = 0, minor = 0] = gitVersion.split(".").map(Number);
  if (major < 2 || (major === 2 && minor < 31))
    fail("TOOL_MISSING", `git 2.31 or newer is needed, found ${gitVersion}`);
  const cwd = resolve(path);
  // One question at a time: a path may hold line ends.
  const ask = async (...question: string[]): Promise<string> => {
    const found = await runGit(["rev-parse", ...question], { ...options, cwd });
    const answer = found.stdout.toString();
    return found.status === 0 && answer.endsWith("\n")
      ? answer.slice(0, -1)
      : fail("REPOSITORY_UNREADABLE", `no git repository at ${printable(path)}: ${found.said}`, {
          where: path,
        });
  };
  if (!(await stat(cwd).catch(() => undefined))?.isDirectory())
    fail("REPOSITORY_UNREADABLE", `there is no directory ${printable(path)}`, { where: path });
  const gitDir = await ask("--absolute-git-dir");
  const format = await ask("--show-object-format");
  const objects = await ask("--path-format=absolute", "--git-path", "objects");
  if (format !== "sha1" && format !== "sha256")
    return fail("REPOSITORY_UNREADABLE", `${printable(path)} has objects in the format ${printable(format)}`);
  return { path, gitDir, objects, format, gitVersion };
}

/**
 * Runs `work` with a git directory of its own that shares only the repository's objects: its configuration, attributes,
 * grafts, replacements, hooks and remotes are not there.
 */
export async function inSealedRoom<T>(
  repository: Repository,
  work: (room: RunOptions & { readonly gitDir: string }) => Promise<T>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const gitDir = await mkdtemp(join(tmpdir(), "countersign-"));
  try {
    const sha256 = repository.format === "sha256";
    await mkdir(join(gitDir, "refs"));
    await writeFile(join(gitDir, "HEAD"), "ref: refs/heads/none\n");
    await writeFile(
      join(gitDir, "config"),
      // Git holds blobs below this size in memory, for a speed that a pipe does not see.
      `[core]\n\trepositoryFormatVersion = ${sha256 ? 1 : 0}\n\tbare = true\n\tbigFileThreshold = 8m\n${
        sha256 ? "[extensions]\n\tobjectFormat = sha256\n" : ""
      }`,
    );
    return await work({
      gitDir,
      env: { GIT_OBJECT_DIRECTORY: repository.objects, GIT_INDEX_FILE: join(gitDir, "index") },
      signal: options.signal,
    });
  } finally {
    await rm(gitDir, { recursive: true, force: true });
  }
}
