/** SSH public keys as text: lines of `.pub` files, and allowed-signers files (ssh-keygen(1), ALLOWED SIGNERS). */

import {
  decodeUtf8,
  fail,
  fromBase64,
  isCountersignError,
  type Key,
  type KeyValidity,
  printable,
} from "@countersign/core";
import { parseOptions } from "./options.ts";
import { fingerprintOf, hasType, keyTypes, type PublicKey, parsePublicKey } from "./public-key.ts";

/** The adapter's own form of a key. */
export interface SshKey {
  readonly publicKey: PublicKey;
  /** Patterns of the namespaces that the key may sign in; absent: all. */
  readonly namespaces?: readonly string[];
  readonly validity: KeyValidity;
}

/** Bytes of a file of keys, at most. */
export const maxKeysSize: number = 1 << 20;
/** Keys in a file, at most. */
export const maxKeys = 1000;

const comment = /^\s*(?:#.*)?$/;
const principalsPattern = /^(?:"([^"]*)"|([^\s"]+))\s+(.*)$/s;
const keyPattern = /^(\S+)[ \t]+(\S+)(?:[ \t]+(.*))?$/s;

/**
 * Every key of the file; lines of both kinds may be mixed. A key that stands there twice must be allowed the same.
 * @throws KEY_MALFORMED — a line cannot be read, allows what is not known here, or is a certificate authority's
 */
export async function parseKeys(bytes: Uint8Array): Promise<readonly Key[]> {
  if (bytes.length > maxKeysSize)
    fail("KEY_MALFORMED", `expected at most ${maxKeysSize} bytes of keys, found ${bytes.length}`);
  const keys = new Map<string, Key>();
  for (const [i, line] of readText(bytes).split(/\r?\n/).entries()) {
    if (comment.test(line)) continue;
    const key = parseLine(line.trim(), `line ${i + 1}`);
    const other = keys.get(key.id);
    if (other && allowance(other) !== allowance(key))
      fail("KEY_MALFORMED", `line ${i + 1} allows ${key.id} something else than a line before`);
    keys.set(key.id, other ? { ...other, labels: [...new Set([...other.labels, ...key.labels])] } : key);
    if (keys.size > maxKeys) fail("KEY_MALFORMED", `expected at most ${maxKeys} keys, found more`);
  }
  if (keys.size === 0) fail("KEY_MALFORMED", "expected SSH public keys, found none");
  return [...keys.values()];
}

/** The adapter's own form behind a port's key. */
export function nativeKey(key: Key): SshKey {
  if (key.scheme !== "ssh" || typeof key.native !== "object" || key.native === null)
    throw new TypeError("not a key of this scheme");
  return key.native as SshKey;
}

function readText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes, "the file of keys");
  } catch (cause) {
    return fail("KEY_MALFORMED", "expected SSH public keys as text, found bytes that are none", { cause });
  }
}

function parseLine(line: string, where: string): Key {
  if (keyTypes.has(line.split(/[ \t]/, 1)[0] ?? "")) return makeKey(line, [], "", where);
  const [, quoted, plain, rest = ""] = principalsPattern.exec(line) ?? [];
  const principals = quoted ?? plain;
  if (principals === undefined || rest === "")
    return fail(
      "KEY_MALFORMED",
      `${where}: expected a public key or an allowed signer, found ${printable(line, 60)}`,
    );
  const { options, key } = splitOptions(rest);
  return makeKey(key, principals.split(","), options, where);
}

/** Options hold no space outside quotes; a key's type follows them, or stands alone. */
function splitOptions(text: string): { readonly options: string; readonly key: string } {
  if (/^(?:ssh-|ecdsa-|sk-)/.test(text)) return { options: "", key: text };
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"' && text[at - 1] !== "\\") quoted = !quoted;
    if (!quoted && (text[at] === " " || text[at] === "\t"))
      return { options: text.slice(0, at), key: text.slice(at).trim() };
  }
  return { options: text, key: "" };
}

function makeKey(text: string, principals: readonly string[], options: string, where: string): Key {
  const [, type = "", encoded = "", note = ""] = keyPattern.exec(text) ?? [];
  const blob = fromBase64(encoded);
  if (blob === undefined || blob.length === 0 || !hasType(blob, type))
    return fail(
      "KEY_MALFORMED",
      `${where}: expected a key type and its base64, found ${printable(text, 60)}`,
    );
  const { namespaces, validity } = parseOptions(options, where);
  const native: SshKey = { publicKey: readKey(blob, where), ...(namespaces ? { namespaces } : {}), validity };
  const labels = [...principals, note].filter((label) => label !== "");
  return { scheme: "ssh", id: fingerprintOf(blob), labels, native };
}

function readKey(blob: Uint8Array, where: string): PublicKey {
  try {
    return parsePublicKey(blob);
  } catch (cause) {
    if (isCountersignError(cause) || !(cause instanceof Error)) throw cause;
    return fail("KEY_MALFORMED", `${where}: the key cannot be read: ${printable(cause.message)}`, { cause });
  }
}

function allowance(key: Key): string {
  const { namespaces, validity } = nativeKey(key);
  return JSON.stringify([namespaces ?? null, validity.from ?? null, validity.until ?? null]);
}
