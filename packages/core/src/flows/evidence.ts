/**
 * Judges one release's evidence under a policy: manifest, statement, signatures, tag, records.
 * The verdict is the policy's, over valid evidence: what is broken or unknown is listed and never counts, for or against.
 */

import { CountersignError } from "../errors/index.ts";
import { type BundledRecord, type Ignored, maxEvidence, type UnverifiedBundle } from "../formats/bundle.ts";
import { bytesSource, sha256Hex } from "../formats/digest.ts";
import { type Manifest, parseManifest } from "../formats/manifest.ts";
import { printable } from "../formats/names.ts";
import type { Policy } from "../formats/policy.ts";
import { namesOfManifest } from "../formats/release-names.ts";
import { parseStatement, type ReleaseStatement, verifyBinding } from "../formats/statement.ts";
import { inspectRecords, type RecordPlace } from "./records.ts";
import type { Check } from "./report.ts";
import { type CountedSignature, type Judging, judgeRole } from "./roles.ts";
import { inspectTag } from "./tag-evidence.ts";

export interface Expected {
  readonly project?: string | undefined;
  readonly version?: string | undefined;
}

export interface Evidence {
  readonly manifest: Manifest;
  readonly statement: ReleaseStatement;
  readonly checks: readonly Check[];
  readonly signers: { readonly tag: readonly string[]; readonly release: readonly string[] };
  /** What counts, and nothing else: fit for a bundle, a record, a download. */
  readonly counted: {
    readonly signatures: readonly CountedSignature[];
    readonly records: readonly BundledRecord[];
  };
  readonly records: readonly RecordPlace[];
  readonly missing?: string;
  readonly ignored: readonly Ignored[];
  readonly notChecked: readonly string[];
}

/**
 * @param bundles evidence for one and the same manifest; at least one
 * @returns every check, failed ones too
 * @throws what makes the evidence unreadable: MANIFEST_MALFORMED, STATEMENT_MALFORMED, STATEMENT_MISMATCH, NAME_REFUSED …
 */
export async function inspectEvidence(
  bundles: readonly UnverifiedBundle[],
  expected: Expected,
  judging: Judging,
): Promise<Evidence> {
  const [first] = bundles;
  if (!first) throw new TypeError("inspectEvidence needs a bundle");
  const manifest = parseManifest(first.manifest.bytes, first.manifest.name);
  const statement = parseStatement(first.statement.bytes, first.statement.name);
  verifyNames(first, statement);
  verifyBinding(manifest, statement, first.statement.name, sha256Hex(first.statement.bytes));

  const { policy } = judging;
  const checks: Check[] = [
    {
      link: "statement",
      ok: true,
      message: "manifest and release statement agree in every line",
      word: "arithmetic",
    },
    ...checkIdentity(statement, expected, policy),
  ];
  const surplus: Ignored[] = [];
  // Bundles come first, loose files after them: junk beside a good bundle cannot crowd it out.
  const bound = <T>(items: readonly T[], what: string): readonly T[] => {
    if (items.length > maxEvidence)
      surplus.push({
        what: `${items.length - maxEvidence} more ${what}`,
        code: "TOO_MUCH_EVIDENCE",
        reason: `only ${maxEvidence} are judged`,
      });
    return items.slice(0, maxEvidence);
  };
  const signatures = bound(
    uniqueBytes(
      bundles.flatMap((bundle) => bundle.signatures),
      () => "",
    ),
    "signatures",
  );
  const records = bound(
    uniqueBytes(
      bundles.flatMap((bundle) =>
        bundle.records.map(({ record, proof }) => ({ name: proof, bytes: record })),
      ),
      ({ name }) => name,
    ),
    "records",
  );

  const release = await judgeRole(
    "release",
    policy.require.release,
    bytesSource(first.manifest.name, manifest.bytes),
    signatures,
    judging,
  );
  checks.push(release.check);
  const tag = await inspectTag(statement, judging);
  checks.push(...tag.checks);
  const recorded = inspectRecords(
    records.map(({ name, bytes }) => ({ record: bytes, proof: name })),
    { manifest, statement, policy, staged: judging.staged },
  );
  checks.push(recorded.check);

  const missing = [
    ...(release.missing ? [`release: ${release.missing}`] : []),
    ...(tag.missing ? [`tag: ${tag.missing}`] : []),
  ].join(" · ");
  return {
    manifest,
    statement,
    checks,
    signers: { tag: [...tag.signers], release: [...release.signers] },
    counted: { signatures: release.counted, records: recorded.counted },
    records: recorded.places,
    ...(missing && { missing }),
    ignored: [
      ...surplus,
      ...bundles.flatMap((bundle) => bundle.ignored),
      ...release.ignored,
      ...tag.ignored,
      ...recorded.ignored,
    ],
    notChecked: [
      ...(policy.project === undefined ? ["which project this is: only keys were given, no policy"] : []),
      ...tag.notChecked,
      ...recorded.notChecked,
    ],
  };
}

function checkIdentity(statement: ReleaseStatement, expected: Expected, policy: Policy): Check[] {
  const { project, version } = statement;
  const checks: Check[] = [];
  const wanted = [expected.project, policy.project].filter((one) => one !== undefined);
  const other = wanted.find((one) => one !== project);
  if (other !== undefined)
    checks.push({
      link: "project",
      ok: false,
      code: "PROJECT_MISMATCH",
      message: `expected a release of ${other}, found one of ${project}`,
      word: "arithmetic",
    });
  else if (expected.version !== undefined && expected.version !== version)
    checks.push({
      link: "project",
      ok: false,
      code: "VERSION_MISMATCH",
      message: `expected version ${expected.version}, found ${version}`,
      word: "arithmetic",
    });
  else if (wanted.length > 0)
    checks.push({
      link: "project",
      ok: true,
      message: `project ${project}, version ${version}, as expected`,
      word: "arithmetic",
    });
  return checks;
}

/** The files' names bind version and each other: another version's file cannot stand in. */
function verifyNames(bundle: UnverifiedBundle, statement: ReleaseStatement): void {
  const names = namesOfManifest(bundle.manifest.name);
  if (!names)
    throw new CountersignError(
      "MANIFEST_MALFORMED",
      `expected a manifest named …SHA256SUMS, found ${printable(bundle.manifest.name)}`,
    );
  if (names.statement !== bundle.statement.name || !names.base.endsWith(`-${statement.version}`))
    throw new CountersignError(
      "STATEMENT_MISMATCH",
      `${names.manifest} does not go with ${printable(bundle.statement.name)} of version ${statement.version}`,
    );
}

/** Each content once, however many names it has. */
function uniqueBytes<T extends { readonly bytes: Uint8Array }>(
  items: readonly T[],
  also: (item: T) => string,
): T[] {
  const seen = new Map<string, T>();
  for (const item of items) {
    const key = `${sha256Hex(item.bytes)} ${also(item)}`;
    if (!seen.has(key)) seen.set(key, item);
  }
  return [...seen.values()];
}

/** The counted evidence of a release as a bundle: every file under the name that its signer has in the policy. */
export function countedBundle(
  { manifest, statement }: UnverifiedBundle,
  { counted }: Evidence,
): Omit<UnverifiedBundle, "ignored"> {
  const names = namesOfManifest(manifest.name);
  if (!names) throw new TypeError("the evidence was inspected");
  // A signer that is a bare key (`verify --key`) has no name that could stand in a file's.
  const signatures = counted.signatures.map(({ signer, extension, bytes }, i) => ({
    name: names.signature(/^[a-z0-9][a-z0-9_-]{0,63}$/.test(signer) ? signer : `key${i + 1}`, extension),
    bytes,
  }));
  return { manifest, statement, signatures, records: counted.records };
}
