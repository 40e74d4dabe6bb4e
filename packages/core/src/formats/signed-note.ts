/** C2SP signed notes: text, a blank line, and signature lines of named keys. See c2sp.org/signed-note. */

import { verifyEd25519 } from "#native";
import { fail } from "../errors/index.ts";
import { concatBytes, decodeUtf8, equalBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from "./bytes.ts";
import { sha256 } from "./digest.ts";
import { printable } from "./names.ts";

/** Largest note that is read, in bytes. The specification asks for 16 signatures; post-quantum ones take 5 kB each. */
export const maxNoteSize = 1 << 20;
/** Most signature lines in a note that is read. */
export const maxNoteSignatures = 100;

/** A public key that signs notes: `name+id+base64(type ‖ key)`. */
export interface VerifierKey {
  /** No spaces and no plus. For a log: its origin. */
  readonly name: string;
  /** Key id, 8 hex digits: a short handle, no proof of anything. */
  readonly id: string;
  /** Signature type: 1 is Ed25519. */
  readonly type: number;
  readonly publicKey: Uint8Array;
  /** The key as text, as it was parsed. */
  readonly text: string;
}

export interface NoteSignature {
  readonly name: string;
  /** 8 hex digits. */
  readonly id: string;
  /** What follows the key id. */
  readonly signature: Uint8Array;
}

/** A note as it came. Nothing in it may be believed before `openNote`. */
export interface UnverifiedNote {
  /** With its last line end, without the blank line. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const opened: unique symbol = Symbol("opened note");

/** A note that at least one given key signed. Only `openNote` makes it. */
export interface OpenedNote {
  readonly [opened]: true;
  readonly text: string;
  /** The given keys that signed it, each once; at least one. */
  readonly signedBy: readonly VerifierKey[];
}

interface Algorithm {
  readonly keySize: number;
  verify(key: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean;
}

/** By signature type. Cosignatures (4, 6) get their place here. */
const algorithms: ReadonlyMap<number, Algorithm> = new Map([[0x01, { keySize: 32, verify: verifyEd25519 }]]);

const keyHint = "A log's key looks like example.org/log+3f2a9c41+AbC…=; copy it whole from its operator.";

/**
 * @throws KEY_MALFORMED — not of this form, an id that is not the key's, or an unknown type
 * @see c2sp.org/signed-note, "Signatures"; golang.org/x/mod/sumdb/note
 */
export function parseVerifierKey(text: string): VerifierKey {
  // Never quoted: what is pasted here by mistake ends in logs of CI.
  if (text.includes("PRIVATE+KEY"))
    fail("KEY_MALFORMED", "this is a log's secret key, where its verifier key belongs", {
      hint: "Keep it secret; if others have seen it, it is theirs now. `countersign log init` prints the verifier key.",
    });
  const refuse = (what: string): never =>
    fail("KEY_MALFORMED", `the log key ${printable(text)} ${what}`, { hint: keyHint });
  // The name holds no plus, but base64 does: split at the first two only.
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name))
    return refuse("is not name+id+base64");
  const bytes = fromBase64(encoded);
  const type = bytes?.[0];
  if (bytes === undefined || type === undefined) return refuse("does not end in base64");
  const publicKey = bytes.slice(1);
  const algorithm = algorithms.get(type);
  if (algorithm === undefined) return refuse(`is of type ${type}; expected 1 (Ed25519)`);
  if (publicKey.length !== algorithm.keySize)
    return refuse(`has ${publicKey.length} bytes of key; expected ${algorithm.keySize}`);
  if (noteKeyId(name, type, publicKey) !== id) return refuse("has an id that is not that of its key");
  return { name, id, type, publicKey, text };
}

/** @param publicKey for type 1: the 32 bytes of an Ed25519 key @throws TypeError — `name` cannot name a key */
export function formatVerifierKey(name: string, type: number, publicKey: Uint8Array): string {
  if (!isKeyName(name)) throw new TypeError(`not a name for a key: ${printable(name)}`);
  const encoded = toBase64(concatBytes(Uint8Array.of(type), publicKey));
  return `${name}+${noteKeyId(name, type, publicKey)}+${encoded}`;
}

/** Can this be a key's name? Not empty, no white space, no plus, no control characters; at most 200 characters. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{Cc}\p{Cs}]{1,200}$/u.test(name);
}

/** Eight hex digits of SHA-256(name ‖ LF ‖ type ‖ key). */
export function noteKeyId(name: string, type: number, publicKey: Uint8Array): string {
  return toHex(sha256(utf8(`${name}\n`), Uint8Array.of(type), publicKey).subarray(0, 4));
}

/** @throws NOTE_MALFORMED */
export function parseNote(bytes: Uint8Array, where = "the note"): UnverifiedNote {
  const refuse = (what: string): never => fail("NOTE_MALFORMED", `${where} ${what}`, { where });
  if (bytes.length > maxNoteSize) refuse(`has ${bytes.length} bytes, more than ${maxNoteSize}`);
  let note: string;
  try {
    note = decodeUtf8(bytes, where);
  } catch (cause) {
    return fail("NOTE_MALFORMED", `${where} is not UTF-8 text`, { where, cause });
  }
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) refuse("has control characters");
  const split = note.lastIndexOf("\n\n");
  if (split < 0) return refuse("has no blank line before its signatures");
  if (!note.endsWith("\n")) refuse("does not end in a line end: it was cut");
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > maxNoteSignatures)
    refuse(`has ${lines.length} signatures, more than ${maxNoteSignatures}`);
  const signatures = lines.map((line, i): NoteSignature => {
    const [, name = "", encoded = ""] = /^\u2014 ([^ ]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    const signature = fromBase64(encoded);
    if (!isKeyName(name) || signature === undefined || signature.length < 5)
      return refuse(`has no signature in signature line ${i + 1}: ${printable(line)}`);
    return { name, id: toHex(signature.subarray(0, 4)), signature: signature.slice(4) };
  });
  return { text: note.slice(0, split + 1), signatures };
}

/**
 * The text of a note that at least one of `keys` signed. Signatures of other keys are ignored, even if they share a
 * name or an id (not both) with a key.
 *
 * @throws NOTE_MALFORMED · NOTE_UNVERIFIED — none of `keys` signed it, or a signature in the name of one is bad
 */
export function openNote(bytes: Uint8Array, keys: readonly VerifierKey[], where = "the note"): OpenedNote {
  const note = parseNote(bytes, where);
  const message = utf8(note.text);
  const signedBy: VerifierKey[] = [];
  for (const { name, id, signature } of note.signatures) {
    const known = keys.filter((key) => key.name === name && key.id === id);
    if (known.length === 0) continue;
    const key = known.find((k) => algorithms.get(k.type)?.verify(k.publicKey, message, signature));
    if (key === undefined)
      return fail("NOTE_UNVERIFIED", `${where} has a bad signature of the known key ${name}+${id}`, {
        where,
      });
    if (!signedBy.some((k) => k.name === name && equalBytes(k.publicKey, key.publicKey))) signedBy.push(key);
  }
  if (signedBy.length === 0) {
    const named = note.signatures.slice(0, 3).map(({ name, id }) => printable(`${name}+${id}`));
    const wanted = keys.slice(0, 3).map(({ name, id }) => printable(`${name}+${id}`));
    const found = `expected one of ${wanted.join(", ") || "no key at all"}, found ${named.join(", ")}`;
    return fail("NOTE_UNVERIFIED", `${where} is not signed by a known key: ${found}`, { where });
  }
  return { [opened]: true, text: note.text, signedBy };
}

/**
 * @param text ends in a line end
 * @throws TypeError — the text or a signature cannot stand in a note
 */
export function formatNote(text: string, signatures: readonly NoteSignature[]): Uint8Array {
  const lines = signatures.map(({ name, id, signature }) => {
    const keyId = fromHex(id);
    if (!isKeyName(name) || keyId?.length !== 4) throw new TypeError("not a signature of a note");
    return `\u2014 ${name} ${toBase64(concatBytes(keyId, signature))}\n`;
  });
  if (!text.endsWith("\n") || lines.length === 0 || /[\u0000-\u0009\u000b-\u001f]/.test(text))
    throw new TypeError("not the text of a note");
  return utf8(`${text}\n${lines.join("")}`);
}
