/** All entries of a commit's tree, in the order of `git archive`. */

import { fail, printable } from "@countersign/core";
import { askGit, type RunOptions } from "./git.ts";

export interface ListedEntry {
  readonly kind: "directory" | "file" | "executable" | "symlink" | "submodule";
  /** Id of the object (of a submodule: of its commit), in hex. */
  readonly id: string;
  /** Raw bytes, one character each; no slash at the end. */
  readonly path: string;
}

const kinds: Readonly<Record<string, ListedEntry["kind"]>> = {
  "040000": "directory",
  "100644": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "submodule",
};

/** @throws SOURCE_REFUSED — a mode or a name that git would not check out · TOOL_FAILED */
export async function listTree(room: RunOptions, tree: string): Promise<readonly ListedEntry[]> {
  const output = await askGit(["ls-tree", "-r", "-t", "-z", "--full-tree", tree], room);
  const entries: ListedEntry[] = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(0, at);
    const line = output.toString("latin1", at, end);
    const tab = line.indexOf("\t");
    const [mode = "", , id = ""] = line.slice(0, tab).split(" ");
    const path = line.slice(tab + 1);
    const kind = kinds[mode];
    if (kind === undefined)
      return fail("SOURCE_REFUSED", `${printable(path)} has the mode ${printable(mode)} in its tree`, {
        hint: "Write the tree again with a git of today: only files, executables, links and submodules can be packed.",
      });
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name === "" || name === "." || name === ".." || name.toLowerCase() === ".git")
      fail("SOURCE_REFUSED", `the tree has an entry named ${printable(path)}`, {
        hint: "No sound program makes such a name. Do not unpack this source.",
      });
    entries.push({ kind, id, path });
    at = end + 1;
  }
  return entries;
}
