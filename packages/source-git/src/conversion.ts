/** The conversions that `git archive` makes with default settings: line ends, and placeholders of export-subst. */

import { fail, printable } from "@countersign/core";
import type { Treatment } from "./attributes.ts";
import { askGit, type RunOptions } from "./git.ts";
import type { ReadCommit } from "./tag.ts";

/** Git leaves larger files unconverted (core.bigFileThreshold); bytes. */
export const bigFileSize: number = 512 << 20;
/** A file that is converted is held in memory; bytes. */
export const maxConvertedSize: number = 64 << 20;

export type Convert = (bytes: Uint8Array, treatment: Treatment, path: string) => Promise<Uint8Array>;

/** Placeholders whose value is in the commit alone: no abbreviation, no reference, no mailmap, no clock. */
const steady = /%(?:[+\- ]?(?:[HTPnesfbB%]|[ac][nelstidDI])|x[0-9a-fA-F]{2})/g;

/** @returns a function that makes the bytes of the archive from those of the blob */
export function converter(room: RunOptions, commit: ReadCommit): Convert {
  const known = new Map<string, Buffer>();
  const expand = async (format: string, path: string): Promise<Buffer> => {
    const before = known.get(format);
    if (before) return before;
    const value = await substitution(room, commit, format, path);
    known.set(format, value);
    return value;
  };
  return async (bytes, treatment, path) => {
    let buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (treatment.ident && /\$Id(?:\$|:)/.test(buffer.toString("latin1")))
      fail("SOURCE_REFUSED", `${printable(path)} has the attribute ident and holds $Id$`, {
        hint: "Remove the attribute or the placeholder: what git fills in there is not the file that was committed.",
      });
    if (treatment.crlf) buffer = withCrlf(buffer, treatment.crlf);
    if (!treatment.substitute) return buffer;
    const parts: Buffer[] = [];
    for (let at = 0; ; ) {
      const start = buffer.indexOf("$Format:", at);
      const end = start < 0 ? -1 : buffer.indexOf(0x24, start + 8);
      if (end < 0) {
        parts.push(buffer.subarray(at));
        return Buffer.concat(parts);
      }
      parts.push(buffer.subarray(at, start));
      parts.push(await expand(buffer.toString("latin1", start + 8, end), path));
      at = end + 1;
    }
  };
}

async function substitution(
  room: RunOptions,
  commit: ReadCommit,
  latin: string,
  path: string,
): Promise<Buffer> {
  const format = Buffer.from(latin, "latin1").toString();
  const refuse = (what: string): never =>
    fail("SOURCE_REFUSED", `${printable(path)} has export-subst and asks for ${printable(what)}`, {
      hint: "Use placeholders that depend on the commit alone, such as %H and %ci: abbreviated ids, references and describe differ between clones.",
    });
  const rest = format.replace(steady, " ");
  const odd = /%.{0,20}/s.exec(rest)?.[0];
  if (odd !== undefined) refuse(odd);
  if (/\0/.test(format) || Buffer.from(format).toString("latin1") !== latin) refuse("text that is not UTF-8");
  const header = Buffer.from(commit.bytes).toString("latin1").split("\n\n")[0] ?? "";
  if (/^encoding (?!utf-?8$)/im.test(header)) refuse("values from a commit in another encoding");
  if (format === "") return Buffer.alloc(0);
  return await askGit(
    [
      "log",
      "-1",
      "--no-walk",
      "--no-color",
      "--no-mailmap",
      "--encoding=UTF-8",
      "--date=default",
      `--format=format:${format}`,
      commit.id,
    ],
    room,
  );
}

/** Git's rule for `eol=crlf`: a file with lone line feeds gets CRLF; under `text=auto` only if nothing speaks against text. */
function withCrlf(buffer: Buffer, how: "text" | "auto"): Buffer {
  let crlf = 0;
  let loneCr = 0;
  let loneLf = 0;
  let nul = 0;
  let printing = 0;
  let odd = 0;
  for (let i = 0; i < buffer.length; i++) {
    const byte = buffer[i] ?? 0;
    if (byte === 0x0d) {
      if (buffer[i + 1] === 0x0a) {
        crlf++;
        i++;
      } else loneCr++;
    } else if (byte === 0x0a) loneLf++;
    else if (byte === 0x7f) odd++;
    else if (byte >= 0x20 || byte === 0x08 || byte === 0x09 || byte === 0x1b || byte === 0x0c) printing++;
    else {
      if (byte === 0) nul++;
      odd++;
    }
  }
  // DOS text may end in ^Z.
  if (buffer.at(-1) === 0x1a) odd--;
  if (loneLf === 0) return buffer;
  if (how === "auto" && (loneCr > 0 || crlf > 0 || nul > 0 || printing >> 7 < odd)) return buffer;
  const out = Buffer.allocUnsafe(buffer.length + loneLf);
  let at = 0;
  for (let i = 0; i < buffer.length; i++) {
    const byte = buffer[i] ?? 0;
    if (byte === 0x0a && buffer[i - 1] !== 0x0d) out[at++] = 0x0d;
    out[at++] = byte;
  }
  return out;
}
