/** How text looks on this output: colours or none, and a few shapes shared by all commands. Pure. */

import { plainText } from "@countersign/core";

export interface Look {
  readonly color: boolean;
  /** Columns. */
  readonly width: number;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export function paint(look: Look, color: keyof typeof codes, text: string): string {
  return look.color ? `\u001b[${codes[color]}m${text}\u001b[0m` : text;
}

/** A line that holds, or does not. */
export function mark(look: Look, ok: boolean): string {
  return ok ? paint(look, "green", "✓") : paint(look, "red", "✗");
}

/** Rows with the first column padded to one width. */
export function columns(rows: readonly (readonly [string, string])[], indent = 2): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows
    .map(([left, right]) => `${" ".repeat(indent)}${left.padEnd(width)}  ${right}`.trimEnd())
    .join("\n");
}

/** Bytes as people read them: 1.4 MiB. */
export function formatBytes(count: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0
    ? `${count} bytes`
    : `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Text from outside as it may reach a terminal: what could steer it is escaped, in sight. */
export function plain(text: string): string {
  return plainText(text);
}
