/**
 * The bundle: everything of a release but its artifacts, in one JSON file.
 * A bundle is a container of evidence, so what it holds beyond that is named as ignored and changes nothing else.
 */

import * as v from "valibot";
import { type ErrorCode, fail } from "../errors/index.ts";
import { fromBase64, toBase64, utf8 } from "./bytes.ts";
import { sha256Hex } from "./digest.ts";
import { type Json, parseJson } from "./json.ts";
import { isSafeName, printable } from "./names.ts";
import { fit } from "./schema.ts";

/** Bytes. */
export const maxBundleSize: number = 16 << 20;
/** Signatures, and likewise records, in all evidence for one release. */
export const maxEvidence = 200;

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface BundledRecord {
  readonly record: Uint8Array;
  /** c2sp.org/tlog-proof. */
  readonly proof: string;
}

export interface Ignored {
  /** What it is, fit for a terminal. */
  readonly what: string;
  readonly code?: ErrorCode;
  readonly reason: string;
}

/** Parsed, nothing checked: only flows that verify take it. */
export interface UnverifiedBundle {
  readonly manifest: NamedBytes;
  readonly statement: NamedBytes;
  readonly signatures: readonly NamedBytes[];
  readonly records: readonly BundledRecord[];
  readonly ignored: readonly Ignored[];
}

const file = v.strictObject({ name: v.string(), data: v.string() });
const record = v.strictObject({ record: v.string(), proof: v.string() });
const known = ["countersign", "manifest", "statement", "signatures", "records"];
const schema = v.looseObject({
  countersign: v.literal("bundle/v1"),
  manifest: file,
  statement: file,
  signatures: v.array(v.unknown()),
  records: v.array(v.unknown()),
});

/**
 * @throws BUNDLE_MALFORMED — not a bundle, of a newer version, or without readable manifest or statement
 * @throws TOO_MUCH_EVIDENCE · FILE_TOO_LARGE · UTF8_MALFORMED · JSON_MALFORMED
 */
export function parseBundle(bytes: Uint8Array, where = "the bundle"): UnverifiedBundle {
  const document = fit(schema, parseJson(bytes, maxBundleSize, where), "BUNDLE_MALFORMED", where);
  if (document.signatures.length > maxEvidence || document.records.length > maxEvidence)
    fail("TOO_MUCH_EVIDENCE", `${where} has more than ${maxEvidence} signatures or records`, { where });
  const ignored: Ignored[] = Object.keys(document)
    .filter((key) => !known.includes(key))
    .slice(0, maxEvidence)
    .map((key) => ({
      what: `the field ${printable(key)} of ${where}`,
      code: "BUNDLE_MALFORMED",
      reason: "bundles of this version have no such field",
    }));
  const need = (part: string, value: { name: string; data: string }): NamedBytes =>
    decodeFile(value) ??
    fail("BUNDLE_MALFORMED", `${where}: ${part} has a refused name or is not base64`, { where });
  const take = <T>(
    part: string,
    values: readonly unknown[],
    decode: (value: unknown) => T | undefined,
  ): T[] =>
    values.flatMap((value, i) => {
      const decoded = decode(value);
      if (decoded !== undefined) return [decoded];
      ignored.push({
        what: `${part} ${i + 1} of ${where}`,
        code: "BUNDLE_MALFORMED",
        reason: "it cannot be read",
      });
      return [];
    });
  return {
    manifest: need("manifest", document.manifest),
    statement: need("statement", document.statement),
    signatures: take("signature", document.signatures, (value) =>
      v.is(file, value) ? decodeFile(value) : undefined,
    ),
    records: take("record", document.records, (value) => {
      if (!v.is(record, value)) return undefined;
      const decoded = fromBase64(value.record);
      return decoded && { record: decoded, proof: value.proof };
    }),
    ignored,
  };
}

/**
 * Bundles by the release that they are of: manifest and statement, by name and bytes. A copy under other names is of
 * another release, so that it cannot speak for this one.
 */
export function groupBundles(bundles: readonly UnverifiedBundle[]): readonly (readonly UnverifiedBundle[])[] {
  const groups = new Map<string, UnverifiedBundle[]>();
  for (const bundle of bundles) {
    const { manifest, statement } = bundle;
    const key = [manifest, statement].map(({ name, bytes }) => `${name} ${sha256Hex(bytes)}`).join("\n");
    groups.set(key, [...(groups.get(key) ?? []), bundle]);
  }
  return [...groups.values()];
}

/** One space of indent: small, and readable in an editor. */
export function formatBundle(bundle: Omit<UnverifiedBundle, "ignored">): Uint8Array {
  const encode = ({ name, bytes }: NamedBytes): Json => ({ name, data: toBase64(bytes) });
  const document: Json = {
    countersign: "bundle/v1",
    manifest: encode(bundle.manifest),
    statement: encode(bundle.statement),
    signatures: [...bundle.signatures].sort((a, b) => (a.name < b.name ? -1 : 1)).map(encode),
    records: bundle.records.map(({ record, proof }) => ({ record: toBase64(record), proof })),
  };
  return utf8(`${JSON.stringify(document, null, 1)}\n`);
}

function decodeFile(value: { name: string; data: string }): NamedBytes | undefined {
  const bytes = fromBase64(value.data);
  return bytes && isSafeName(value.name) ? { name: value.name, bytes } : undefined;
}
