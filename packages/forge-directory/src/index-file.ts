/** index.json of a release and releases.json beside them: what a web server cannot list by itself. Their word is the server's. */

import { fail, type Json, parseJson, printable, utf8 } from "@countersign/core";
import { checkAssetName, checkVersion } from "./names.ts";

/** Largest index that is read, in bytes. */
export const maxIndexSize: number = 1024 * 1024;
const maxFiles = 5000;

export interface IndexEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface ReleaseIndex {
  readonly version: string;
  /** Sorted by name, each once. */
  readonly files: readonly IndexEntry[];
}

export interface ListEntry {
  readonly version: string;
  /** How many files it has. */
  readonly files: number;
}

type Fields = { readonly [key: string]: Json };

export function formatIndex({ version, files }: ReleaseIndex): Uint8Array {
  const sorted = [...files].sort(byName).map(({ name, size, sha256 }) => ({ name, size, sha256 }));
  return utf8(`${JSON.stringify({ countersign: "directory/v1", version, files: sorted }, null, 1)}\n`);
}

/** @throws JSON_MALFORMED · UTF8_MALFORMED · FILE_TOO_LARGE · NAME_REFUSED */
export function parseIndex(bytes: Uint8Array, where: string): ReleaseIndex {
  const index = fieldsOf(parseJson(bytes, maxIndexSize, where), where);
  checkFormat(index, "directory/v1", where);
  const files = listOf(index.files, where).map((file) => {
    const { name, size, sha256 } = fieldsOf(file, where);
    if (typeof name !== "string") return malformed(where, "a file without a name");
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))
      return malformed(where, `${printable(name)} without a SHA-256 in lower-case hex`);
    return { name: checkAssetName(name, where), size: count(size, where), sha256 };
  });
  if (new Set(files.map(({ name }) => name)).size !== files.length)
    malformed(where, "a file for the second time");
  return { version: versionOf(index, where), files: files.sort(byName) };
}

export function formatList(releases: readonly ListEntry[]): Uint8Array {
  const sorted = releases.map(({ version, files }) => ({ version, files }));
  sorted.sort((a, b) => (a.version < b.version ? -1 : 1));
  return utf8(`${JSON.stringify({ countersign: "directory-list/v1", releases: sorted }, null, 1)}\n`);
}

/** @throws JSON_MALFORMED · UTF8_MALFORMED · FILE_TOO_LARGE · NAME_REFUSED */
export function parseList(bytes: Uint8Array, where: string): readonly ListEntry[] {
  const list = fieldsOf(parseJson(bytes, maxIndexSize, where), where);
  checkFormat(list, "directory-list/v1", where);
  const releases = listOf(list.releases, where).map((release) => {
    const fields = fieldsOf(release, where);
    return { version: versionOf(fields, where), files: count(fields.files, where) };
  });
  if (new Set(releases.map(({ version }) => version)).size !== releases.length)
    malformed(where, "a release for the second time");
  return releases;
}

function byName(a: IndexEntry, b: IndexEntry): number {
  return a.name < b.name ? -1 : 1;
}

function checkFormat({ countersign }: Fields, expected: string, where: string): void {
  if (countersign !== expected) malformed(where, `expected "countersign": "${expected}"`);
}

function versionOf({ version }: Fields, where: string): string {
  return typeof version === "string" ? checkVersion(version, where) : malformed(where, "no version");
}

function fieldsOf(value: Json | undefined, where: string): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : malformed(where, "expected an object");
}

function listOf(value: Json | undefined, where: string): readonly Json[] {
  if (!Array.isArray(value)) return malformed(where, "expected a list");
  return value.length <= maxFiles ? value : malformed(where, `more than ${maxFiles} entries`);
}

function count(value: Json | undefined, where: string): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : malformed(where, "expected a whole number");
}

function malformed(where: string, what: string): never {
  return fail("JSON_MALFORMED", `${where}: ${what}`, { where });
}
