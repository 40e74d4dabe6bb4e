/** A log's Ed25519 key, in the text form of Go's sumdb/note: `PRIVATE+KEY+name+id+base64(1 ‖ seed)`. */

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import {
  CountersignError,
  concatBytes,
  fail,
  formatVerifierKey,
  fromBase64,
  isKeyName,
  type NoteSignature,
  noteKeyId,
  parseVerifierKey,
  printable,
  toBase64,
  utf8,
  type VerifierKey,
} from "@countersign/core";

/** Signs checkpoints. What it holds is secret and stays in its closure. */
export interface LogKey {
  readonly verifier: VerifierKey;
  /** @param text a note's text, with its last line end */
  sign(text: string): NoteSignature;
}

/** DER of an Ed25519 PKCS #8 key up to the seed (RFC 8410). */
const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
const ed25519 = 1;
const hint = "Give the file that `countersign log init` wrote: PRIVATE+KEY+name+id+base64, in one line.";

/**
 * A new key for the log of this origin. Secret: keep it in a file that only its owner can read (`writeLogKey`).
 * @param origin the log's name, as example.org/log: no spaces, no plus
 * @throws NAME_REFUSED
 */
export function generateLogKey(origin: string): string {
  if (!isKeyName(origin))
    fail("NAME_REFUSED", `not a name for a log: ${printable(origin)}`, {
      hint: "A log's name looks like example.org/releases: no spaces, no plus, at most 200 characters.",
    });
  const seed = randomBytes(32);
  const id = noteKeyId(origin, ed25519, rawPublicKey(privateKey(seed)));
  return `PRIVATE+KEY+${origin}+${id}+${toBase64(concatBytes(Uint8Array.of(ed25519), seed))}`;
}

/**
 * @param text as `generateLogKey` gives it; one line end after it is ignored
 * @throws KEY_MALFORMED — never with any part of the key in its message
 */
export function parseLogKey(text: string): LogKey {
  const refuse = (what: string): never => fail("KEY_MALFORMED", `the log's secret key ${what}`, { hint });
  const [, name = "", id, encoded = ""] =
    /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\r?\n?$/.exec(text) ?? [];
  const bytes = fromBase64(encoded);
  if (!isKeyName(name) || bytes === undefined) return refuse("is not PRIVATE+KEY+name+id+base64");
  if (bytes[0] !== ed25519 || bytes.length !== 33) return refuse("is not an Ed25519 key");
  const secret = privateKey(bytes.subarray(1));
  const publicKey = rawPublicKey(secret);
  if (noteKeyId(name, ed25519, publicKey) !== id) return refuse("has an id that is not that of its key");
  const verifier = parseVerifierKey(formatVerifierKey(name, ed25519, publicKey));
  return {
    verifier,
    sign: (note) => ({ name, id, signature: new Uint8Array(sign(null, utf8(note), secret)) }),
  };
}

/**
 * Writes a secret key to a new file that only its owner can read (mode 0600); flushed to disk before it returns.
 * @throws FILE_EXISTS — nothing is overwritten · FILE_UNREADABLE
 */
export async function writeLogKey(path: string, key: string): Promise<void> {
  parseLogKey(key);
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(`${key.trimEnd()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw new CountersignError(
      exists ? "FILE_EXISTS" : "FILE_UNREADABLE",
      `${path} ${exists ? "is there already" : "cannot be written"}`,
      { where: path, cause },
    );
  }
}

/** Reads a secret key from the file that `writeLogKey` wrote. @throws FILE_UNREADABLE */
export async function readLogKey(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trimEnd();
  } catch (cause) {
    throw new CountersignError("FILE_UNREADABLE", `${path} cannot be read`, { where: path, cause });
  }
}

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
}

function rawPublicKey(secret: KeyObject): Uint8Array {
  // The key is the end of a SubjectPublicKeyInfo (RFC 8410).
  return new Uint8Array(createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32));
}
