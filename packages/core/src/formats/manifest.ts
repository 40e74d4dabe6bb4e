/** The manifest: the plain file that `sha256sum -c` reads. One line an artifact, and one for the release statement. */

import { fail } from "../errors/index.ts";
import { decodeUtf8, utf8 } from "./bytes.ts";
import { sha256Hex } from "./digest.ts";
import { checkName, printable } from "./names.ts";

/** Bytes; more than 3,000 lines of the longest names. */
export const maxManifestSize: number = 1 << 20;
const maxLines = 2000;

export interface ManifestLine {
  readonly name: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Manifest {
  readonly lines: readonly ManifestLine[];
  /** The exact bytes that signatures cover. */
  readonly bytes: Uint8Array;
  /** SHA-256 of `bytes`, hex: the release's name in logs. */
  readonly sha256: string;
}

/**
 * Reads lines of 64 hex digits, two spaces and a safe name; no comments, no escapes, no name twice.
 * @throws MANIFEST_MALFORMED · NAME_REFUSED · FILE_TOO_LARGE · UTF8_MALFORMED
 */
export function parseManifest(bytes: Uint8Array, where = "the manifest"): Manifest {
  if (bytes.length > maxManifestSize)
    fail("FILE_TOO_LARGE", `${where} has more than ${maxManifestSize} bytes`, { where });
  const text = decodeUtf8(bytes, where);
  if (!text.endsWith("\n"))
    fail("MANIFEST_MALFORMED", `${where} is empty or its last line has no end`, { where });
  const rows = text.slice(0, -1).split("\n");
  if (rows.length > maxLines)
    fail("MANIFEST_MALFORMED", `${where} has more than ${maxLines} lines`, { where });
  const seen = new Set<string>();
  const lines = rows.map((row, i): ManifestLine => {
    const match = /^([0-9a-f]{64}) {2}(.+)$/.exec(row);
    const [, sha256, name] = match ?? [];
    if (!sha256 || !name)
      return fail(
        "MANIFEST_MALFORMED",
        `${where}, line ${i + 1}: expected digest, two spaces and name, found ${printable(row)}`,
        { where },
      );
    checkName(name, `${where}, line ${i + 1}`);
    if (seen.has(name))
      fail("MANIFEST_MALFORMED", `${where}, line ${i + 1}: ${name} for the second time`, { where });
    seen.add(name);
    return { name, sha256 };
  });
  return { lines, bytes, sha256: sha256Hex(bytes) };
}

/** Sorted by name, so that the same files give the same bytes. @throws NAME_REFUSED */
export function formatManifest(lines: readonly ManifestLine[]): Uint8Array {
  const sorted = [...lines].sort((a, b) => (a.name < b.name ? -1 : 1));
  const bytes = utf8(sorted.map((line) => `${line.sha256}  ${line.name}\n`).join(""));
  parseManifest(bytes, "the new manifest");
  return bytes;
}
