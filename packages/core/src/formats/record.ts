/** The record: what enters a log for a release. Written by the gate, public for ever, small. */

import * as v from "valibot";
import { fail } from "../errors/index.ts";
import { utf8 } from "./bytes.ts";
import { parseJson } from "./json.ts";
import type { ManifestLine } from "./manifest.ts";
import { fit, projectSchema, sha256Schema, versionSchema } from "./schema.ts";

/** Bytes: the limit of an entry in c2sp.org/tlog-tiles. */
export const maxRecordSize = 65_535;

export interface ReleaseRecord {
  readonly kind: "release";
  readonly project: string;
  readonly version: string;
  /** SHA-256 of the manifest, hex. */
  readonly manifest: string;
  /** Every line of the manifest. */
  readonly artifacts: readonly ManifestLine[];
  /** Every signature that the gate counted, by the digest of its file. */
  readonly signatures: readonly ManifestLine[];
}

const lines = v.pipe(v.array(v.strictObject({ name: v.string(), sha256: sha256Schema })), v.maxLength(2000));
const schema = v.strictObject({
  countersign: v.literal("record/v1"),
  kind: v.literal("release"),
  project: projectSchema,
  version: versionSchema,
  manifest: sha256Schema,
  artifacts: lines,
  signatures: lines,
});

/** @throws RECORD_MALFORMED · FILE_TOO_LARGE · UTF8_MALFORMED · JSON_MALFORMED */
export function parseRecord(bytes: Uint8Array, where = "the record"): ReleaseRecord {
  const { countersign: _, ...record } = fit(
    schema,
    parseJson(bytes, maxRecordSize, where),
    "RECORD_MALFORMED",
    where,
  );
  return record;
}

/** The same release gives the same bytes, so that a gate that runs twice records once. @throws FILE_TOO_LARGE */
export function formatRecord(record: ReleaseRecord): Uint8Array {
  const sorted = (items: readonly ManifestLine[]): ManifestLine[] =>
    [...items].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, sha256 }) => ({ name, sha256 }));
  const { kind, project, version, manifest, artifacts, signatures } = record;
  const document = {
    countersign: "record/v1",
    kind,
    project,
    version,
    manifest,
    artifacts: sorted(artifacts),
    signatures: sorted(signatures),
  };
  const bytes = utf8(`${JSON.stringify(document)}\n`);
  if (bytes.length > maxRecordSize)
    fail(
      "FILE_TOO_LARGE",
      `the record of ${project} ${version} would have ${bytes.length} bytes; a log takes ${maxRecordSize}`,
    );
  return bytes;
}
