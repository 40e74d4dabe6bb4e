/** Reads what GnuPG made once. */

import { readFileSync } from "node:fs";
import { bytesSource, type Key, type Scheme, type SignatureFacts, type Source } from "@countersign/core";
import { openpgpScheme } from "../src/index.ts";

export const scheme: Scheme = openpgpScheme();

export function readVector(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`vectors/${name}`, import.meta.url)));
}

export const message: Source = bytesSource("message.txt", readVector("message.txt"));

export async function readKeys(...names: readonly string[]): Promise<readonly Key[]> {
  return (await Promise.all(names.map((name) => scheme.parseKeys(readVector(`${name}.pub.asc`))))).flat();
}

/** What the signatures of a file say. */
export function checkBytes(
  signature: Uint8Array,
  keys: readonly Key[],
  over: Source = message,
): Promise<readonly SignatureFacts[]> {
  return scheme.check(over, signature, keys, { purpose: "file" });
}

/** Bytes of the one armored block of a file. */
export function dearmor(text: Uint8Array): Uint8Array {
  const lines = new TextDecoder().decode(text).split("\n");
  const body = lines.slice(lines.indexOf("") + 1, -2).filter((line) => !line.startsWith("="));
  return new Uint8Array(Buffer.from(body.join(""), "base64"));
}
