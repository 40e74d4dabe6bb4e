/** ASCII armor, every block of a file with anything between. RFC 9580 §6. */

import { fail, fromBase64, printable } from "@countersign/core";

export interface ArmorBlock {
  /** What stands after `BEGIN PGP `: "SIGNATURE", "PUBLIC KEY BLOCK". */
  readonly label: string;
  readonly bytes: Uint8Array;
}

const begin = /^-----BEGIN PGP ([A-Z ,/0-9]+)-----\s*$/;
const checksum = /^=([A-Za-z0-9+/]{4})$/;

/** Do these bytes hold armor anywhere? */
export function isArmored(bytes: Uint8Array): boolean {
  // The first byte of a binary packet has its top bit set (RFC 9580 §4.2); armor is text.
  return ((bytes[0] ?? 0x80) & 0x80) === 0 || latin1(bytes).startsWith("\u00ef\u00bb\u00bf-----BEGIN PGP ");
}

/**
 * All armored blocks, in order. Lines outside blocks, and headers inside, are ignored; they are not signed.
 * @throws `code` — a block does not end, is not base64, or its checksum differs
 */
export function parseArmor(
  bytes: Uint8Array,
  code: "KEY_MALFORMED" | "SIGNATURE_MALFORMED",
): readonly ArmorBlock[] {
  const lines = latin1(bytes).split(/\r?\n/);
  const blocks: ArmorBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const label = begin.exec((lines[at] ?? "").replace(/^\u00ef\u00bb\u00bf/, ""))?.[1];
    if (label === undefined) continue;
    const end = lines.findIndex((line, i) => i > at && line.trimEnd() === `-----END PGP ${label}-----`);
    if (end < 0) fail(code, `expected "-----END PGP ${label}-----" after line ${at + 1}, found none`);
    blocks.push({ label, bytes: parseBody(lines.slice(at + 1, end), at + 2, code) });
    at = end;
  }
  return blocks;
}

function parseBody(
  lines: readonly string[],
  number: number,
  code: "KEY_MALFORMED" | "SIGNATURE_MALFORMED",
): Uint8Array {
  const blank = lines.findIndex((line) => line.trim() === "");
  // Some tools leave the blank line after the headers out: a header has a colon, base64 has none.
  const after = blank < 0 ? [] : lines.slice(blank).filter((line) => line.trim() !== "");
  const body = (after.length > 0 ? after : lines.filter((line) => !line.includes(":")))
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const sum = checksum.exec(body.at(-1) ?? "")?.[1];
  const bytes = fromBase64((sum === undefined ? body : body.slice(0, -1)).join(""));
  if (bytes === undefined || bytes.length === 0)
    return fail(
      code,
      `expected base64 in the armor at line ${number}, found ${printable(body[0] ?? "", 40)}`,
    );
  if (sum !== undefined && sum !== crc24(bytes))
    fail(code, `the armor at line ${number} is damaged: its checksum is ${crc24(bytes)}, not ${sum}`);
  return bytes;
}

/** Base64 of the CRC-24. RFC 9580 §6.1.1 */
function crc24(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x800000 ? ((crc << 1) ^ 0x864cfb) & 0xffffff : crc << 1;
  }
  return btoa(String.fromCharCode(crc >> 16, (crc >> 8) & 255, crc & 255));
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000)
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return text;
}
