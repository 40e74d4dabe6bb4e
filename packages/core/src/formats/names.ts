/** Names of files in a release. Strict, because they reach paths, URLs, terminals and shells. */

import { fail } from "../errors/index.ts";

const allowed = /^[A-Za-z0-9][A-Za-z0-9._+~@-]*$/;
/** Longest name in bytes; leaves room for `.partial` and signature endings under the usual limit of 255. */
export const maxNameLength = 200;

/** May a file of a release have this name? ASCII letters, digits and `. _ + ~ @ -`, first a letter or digit, no `..`. */
export function isSafeName(name: string): boolean {
  return name.length <= maxNameLength && allowed.test(name) && !name.includes("..");
}

/** @throws NAME_REFUSED */
export function checkName(name: string, where: string): string {
  return isSafeName(name)
    ? name
    : fail("NAME_REFUSED", `${where} has a name that is refused: ${printable(name)}`, { where });
}

/**
 * Any text as it may be shown on a terminal: one line, control and invisible characters and
 * text-direction overrides escaped, cut to `limit` characters.
 */
export function printable(text: string, limit = 120): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** As `printable`, without the quotes: for text that is itself a sentence, or part of one. */
export function plainText(text: string, limit = 300): string {
  return printable(text, limit).slice(1, -1).replaceAll('\\"', '"');
}

/** The last line that a program wrote to its errors, as it may be shown. */
export function lastWords(errors: string): string {
  const line = errors.trim().split(/\r?\n/).at(-1) ?? "";
  return line === "" ? "it gave no reason" : `it said ${printable(line, 200)}`;
}
