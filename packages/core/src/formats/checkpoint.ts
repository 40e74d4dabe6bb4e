/** C2SP checkpoints: what a log says of itself: origin, size, root. See c2sp.org/tlog-checkpoint. */

import { fail } from "../errors/index.ts";
import { emptyRoot } from "../merkle/hash.ts";
import { equalBytes, fromBase64, toBase64 } from "./bytes.ts";
import { printable } from "./names.ts";
import { openNote, parseNote, type VerifierKey } from "./signed-note.ts";

export interface Checkpoint {
  /** The log's name for itself. */
  readonly origin: string;
  /** Number of entries; 0 to 2^53−1. */
  readonly size: number;
  /** RFC 6962 root of the tree of `size` entries; 32 bytes. */
  readonly root: Uint8Array;
  /** Further lines, opaque; rarely any. */
  readonly extensions: readonly string[];
}

const opened: unique symbol = Symbol("opened checkpoint");

/** A checkpoint that its log's key signed. Only `openCheckpoint` makes it. */
export interface OpenedCheckpoint extends Checkpoint {
  readonly [opened]: true;
  /** The log's key that signed it. */
  readonly key: VerifierKey;
  /** The signed note, as it came. */
  readonly note: Uint8Array;
}

const decimal = /^(?:0|[1-9]\d{0,15})$/;

/** A number as C2SP writes it: ASCII decimal, no leading zeroes, at most 2^53−1; undefined for anything else. */
export function parseDecimal(text: string): number | undefined {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * The text of a checkpoint's note, without its signatures. Unverified.
 * @throws CHECKPOINT_MALFORMED
 */
export function parseCheckpoint(text: string, where = "the checkpoint"): Checkpoint {
  const refuse = (what: string): never => fail("CHECKPOINT_MALFORMED", `${where} ${what}`, { where });
  if (!text.endsWith("\n")) refuse("does not end in a line end");
  const [origin = "", count = "", encoded = "", ...extensions] = text.slice(0, -1).split("\n");
  if (origin === "") refuse("has no origin in line 1");
  const size = parseDecimal(count);
  if (size === undefined) return refuse(`has no size from 0 to 2^53−1 in line 2: ${printable(count)}`);
  const root = fromBase64(encoded);
  if (root?.length !== 32) return refuse(`has no base64 of 32 bytes in line 3: ${printable(encoded)}`);
  if (extensions.includes("")) refuse("has an empty extension line");
  if (size === 0 && !equalBytes(root, emptyRoot)) refuse("is of size 0 and has not the empty tree's root");
  return { origin, size, root, extensions };
}

/** The text to be signed. @throws TypeError — a field that cannot stand in a checkpoint */
export function formatCheckpoint(
  checkpoint: Pick<Checkpoint, "origin" | "size" | "root"> & Partial<Pick<Checkpoint, "extensions">>,
): string {
  const { origin, size, root, extensions = [] } = checkpoint;
  const lines = [origin, ...extensions];
  if (!Number.isSafeInteger(size) || size < 0 || root.length !== 32 || lines.some((l) => /^$|\n/.test(l)))
    throw new TypeError("not a checkpoint");
  return `${[origin, size, toBase64(root), ...extensions].join("\n")}\n`;
}

/**
 * The checkpoint in a signed note, once `key` is seen to have signed it and its origin is seen to be the key's name.
 *
 * @throws NOTE_MALFORMED · NOTE_UNVERIFIED — signed by other keys, or badly
 * @throws CHECKPOINT_MALFORMED
 * @throws LOG_UNKNOWN — the key signed it, but it is of another origin
 */
export function openCheckpoint(
  note: Uint8Array,
  key: VerifierKey,
  where = "the checkpoint",
): OpenedCheckpoint {
  const { text } = openNote(note, [key], where);
  const checkpoint = parseCheckpoint(text, where);
  if (checkpoint.origin !== key.name)
    fail(
      "LOG_UNKNOWN",
      `${where} is of the log ${printable(checkpoint.origin)}; expected ${printable(key.name)}`,
      { where },
    );
  return { ...checkpoint, [opened]: true, key, note };
}

/**
 * The checkpoint in a signed note of one of the logs that are known.
 *
 * @param keys a log may have several, one after the other
 * @throws NOTE_MALFORMED · CHECKPOINT_MALFORMED
 * @throws LOG_UNKNOWN — no key has the name of its origin
 * @throws NOTE_UNVERIFIED — of a known log by its own word, but that log's key did not sign it
 */
export function openKnownCheckpoint(
  note: Uint8Array,
  keys: readonly VerifierKey[],
  where = "the checkpoint",
): OpenedCheckpoint {
  const { text, signatures } = parseNote(note, where);
  const { origin } = parseCheckpoint(text, where);
  const candidates = keys.filter((key) => key.name === origin);
  const named = candidates.find((key) => signatures.some((s) => s.name === key.name && s.id === key.id));
  const key = named ?? candidates[0];
  if (key === undefined)
    return fail("LOG_UNKNOWN", `${where} is of the log ${printable(origin)}, which is not a known one`, {
      where,
    });
  return openCheckpoint(note, key, where);
}
