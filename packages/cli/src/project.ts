/** Which project this is: named by the user, by countersign.yaml, or by the repository's origin. */

import { execFile } from "node:child_process";
import { basename, resolve } from "node:path";
import { promisify } from "node:util";
import { fail } from "@countersign/core";
import type { Config } from "@countersign/node";
import { type Call, optionText } from "./command.ts";

export interface NamedProject {
  /** What file names begin with. */
  readonly name: string;
  /** A URI. */
  readonly project: string;
  /** Nobody named it. */
  readonly guessed: boolean;
}

/**
 * @param path the repository's or the working directory, for the name
 * @param origin the repository's own idea of where it lives
 */
export async function nameProject(
  call: Call,
  config: Config,
  path: string,
  origin: () => Promise<string | undefined>,
): Promise<NamedProject> {
  const last = basename(resolve(call.context.cwd, path));
  const directory =
    last === ".git" ? basename(resolve(call.context.cwd, path, "..")) : last.replace(/\.git$/, "");
  const name = optionText(call, "name") ?? config.name ?? directory;
  if (!/^[A-Za-z0-9][A-Za-z0-9._+~-]*$/.test(name))
    fail("USAGE", `${JSON.stringify(name)} cannot begin the name of a file; give --name`);
  const named = optionText(call, "project") ?? config.project;
  if (named !== undefined) return { name, project: named, guessed: false };
  // A package URL is a URI that holds for everybody who packs this, wherever their clone lies.
  return { name, project: (await origin()) ?? `pkg:generic/${name}`, guessed: true };
}

/** The URL of the remote `origin` as everybody would write it; undefined for a path, which means nothing elsewhere. */
export async function originOf(gitDir: string): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)("git", [
    `--git-dir=${gitDir}`,
    "config",
    "--get",
    "remote.origin.url",
  ]).catch(() => ({ stdout: "" }));
  const url = stdout
    .trim()
    .replace(/^[\w.-]+@([\w.-]+):(?!\/)/, "https://$1/")
    .replace(/^(?:ssh|git):\/\/(?:[^@/]*@)?/, "https://");
  if (!/^https:\/\/[\w.-]+(?::\d+)?\/[\w./~-]+$/.test(url)) return undefined;
  return url.replace(/\/+$/, "").replace(/\.git$/, "");
}
