/**
 * What the committed `.gitattributes` ask of an archive, as git itself reads them (gitattributes(5)); the repository's
 * `info/attributes` and the user's are not in the room.
 */

import { fail, printable } from "@countersign/core";
import { askGit, type RunOptions } from "./git.ts";
import type { ListedEntry } from "./listing.ts";
import { openObjects } from "./objects.ts";

export interface Treatment {
  readonly ignore: boolean;
  readonly substitute: boolean;
  /** Line ends become CRLF: always, or only in what looks like text. */
  readonly crlf: "text" | "auto" | undefined;
  /** `$Id$` would be filled in. */
  readonly ident: boolean;
}

const asked = ["export-ignore", "export-subst", "text", "crlf", "eol", "ident", "working-tree-encoding"];
/** No attribute of these can be set by a file that has none of the words. */
const telling = /export-|eol|crlf|ident|working-tree-encoding/;
const maxAttributesSize = 1 << 20;

/**
 * Treatment of each path that has any; keys are paths as in the listing.
 * @throws SOURCE_REFUSED — another encoding is asked for
 */
export async function readAttributes(
  room: RunOptions,
  tree: string,
  entries: readonly ListedEntry[],
): Promise<ReadonlyMap<string, Treatment>> {
  const treatments = new Map<string, Treatment>();
  if (!(await anyTelling(room, entries))) return treatments;
  await askGit(["read-tree", tree], room);
  const slashed = (entry: ListedEntry): string =>
    entry.kind === "directory" || entry.kind === "submodule" ? `${entry.path}/` : entry.path;
  const output = await askGit(["check-attr", "--cached", "--stdin", "-z", ...asked], {
    ...room,
    input: Buffer.from(entries.map((entry) => `${slashed(entry)}\0`).join(""), "latin1"),
  });
  const fields = output.toString("latin1").split("\0");
  for (const [index, entry] of entries.entries()) {
    const values = asked.map((name, i) => {
      const at = 3 * (asked.length * index + i);
      if (fields[at] !== slashed(entry) || fields[at + 1] !== name)
        fail("TOOL_FAILED", `git check-attr gave no answer for ${printable(entry.path)}`);
      return fields[at + 2] ?? "";
    });
    const [ignore, substitute, text = "", crlf = "", eol = "", ident, encoding = ""] = values;
    const treatment: Treatment = {
      ignore: ignore === "set",
      substitute: substitute === "set",
      crlf: lineEnds(text, crlf, eol),
      ident: ident === "set",
    };
    const isFile = entry.kind === "file" || entry.kind === "executable";
    if (isFile && !treatment.ignore && !/^(?:unspecified|unset|set|utf-?8)$/i.test(encoding))
      fail(
        "SOURCE_REFUSED",
        `${printable(entry.path)} has the attribute working-tree-encoding=${printable(encoding)}`,
        {
          hint: "Remove the attribute, or export-ignore the file: conversions differ between systems.",
        },
      );
    if (treatment.ignore || (isFile && (treatment.substitute || treatment.crlf || treatment.ident)))
      treatments.set(entry.path, treatment);
  }
  return treatments;
}

async function anyTelling(room: RunOptions, entries: readonly ListedEntry[]): Promise<boolean> {
  const ids = entries
    .filter(
      ({ kind, path }) => /(?:^|\/)\.gitattributes$/.test(path) && (kind === "file" || kind === "executable"),
    )
    .map(({ id }) => id);
  if (ids.length === 0) return false;
  const objects = openObjects(room, ids);
  try {
    for (const _ of ids) {
      await objects.next();
      const text = await objects.all(maxAttributesSize, "a .gitattributes file");
      if (telling.test(Buffer.from(text).toString("latin1"))) return true;
    }
    return false;
  } finally {
    await objects.close();
  }
}

/** Which files get CRLF, by `text`, the older `crlf`, and `eol` (gitattributes(5), "End-of-line conversion"). */
function lineEnds(text: string, crlf: string, eol: string): Treatment["crlf"] {
  const known = /^(?:set|unset|input|auto)$/;
  const action = known.test(text) ? text : known.test(crlf) ? crlf : "unspecified";
  if (eol !== "crlf" || action === "unset") return undefined;
  return action === "auto" ? "auto" : "text";
}
