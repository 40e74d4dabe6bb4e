/** Judges the log's evidence: does a log of the policy hold a record of exactly this release? */

import { isCountersignError } from "../errors/index.ts";
import type { BundledRecord, Ignored } from "../formats/bundle.ts";
import type { Manifest } from "../formats/manifest.ts";
import type { Policy } from "../formats/policy.ts";
import { parseRecord } from "../formats/record.ts";
import { verifyRecordProof } from "../formats/record-proof.ts";
import type { ReleaseStatement } from "../formats/statement.ts";
import type { Check } from "./report.ts";

export interface RecordPlace {
  readonly origin: string;
  /** Zero-based. */
  readonly index: number;
  /** Size of the tree that the proof is in. */
  readonly size: number;
}

export interface RecordsVerdict {
  readonly places: readonly RecordPlace[];
  /** Those that count, with their proofs. */
  readonly counted: readonly BundledRecord[];
  readonly check: Check;
  readonly ignored: readonly Ignored[];
  readonly notChecked: readonly string[];
}

export function inspectRecords(
  records: readonly BundledRecord[],
  release: {
    readonly manifest: Manifest;
    readonly statement: ReleaseStatement;
    readonly policy: Policy;
    readonly staged?: boolean | undefined;
  },
): RecordsVerdict {
  const { manifest, statement, policy, staged = false } = release;
  const places = new Map<string, RecordPlace>();
  const valid = new Map<string, BundledRecord>();
  const ignored: Ignored[] = [];
  records.forEach(({ record, proof }, i) => {
    const what = `record ${i + 1}`;
    try {
      const { project, version, manifest: digest, artifacts } = parseRecord(record, what);
      const same =
        project === statement.project &&
        version === statement.version &&
        digest === manifest.sha256 &&
        sameLines(artifacts, manifest.lines);
      if (!same) {
        ignored.push({
          what,
          code: "RECORD_MISMATCH",
          reason: `it is of ${project} ${version}, with another manifest or other artifacts`,
        });
        return;
      }
      const facts = verifyRecordProof(record, proof, policy.logs.of);
      if (places.has(facts.origin)) return;
      valid.set(facts.origin, { record, proof });
      places.set(facts.origin, { origin: facts.origin, index: facts.index, size: facts.size });
    } catch (error) {
      if (!isCountersignError(error)) throw error;
      ignored.push({ what, code: error.code, reason: error.message });
    }
  });
  const found = [...places.values()];
  const counted = [...valid.values()];
  const { atLeast } = policy.logs;
  if (staged)
    return {
      places: found,
      counted,
      ignored: [],
      check: {
        link: "record",
        ok: true,
        message: "no record is asked for before publication",
        word: "nobody",
      },
      notChecked: ["the log's record: the gate writes it when it publishes"],
    };
  if (atLeast === 0)
    return {
      places: [],
      counted: [],
      ignored: ignored.filter(({ code }) => code !== "LOG_UNKNOWN"),
      check: { link: "record", ok: true, message: "the policy asks for no log", word: "nobody" },
      notChecked: ["whether the release was recorded in a log: the policy names none"],
    };
  const where = found.map(({ origin, index }) => `${origin} #${index}`).join(", ");
  if (found.length >= atLeast)
    return {
      places: found,
      counted,
      ignored,
      check: {
        link: "record",
        ok: true,
        message: `recorded in ${where}`,
        word: `${found.map(({ origin }) => origin).join(", ")} (the log operator's word only: no witnesses)`,
      },
      notChecked: ["when it was recorded: no witness or clock vouches for a time"],
    };
  const [telling] = ignored;
  return {
    places: found,
    counted,
    ignored,
    notChecked: [],
    check: {
      link: "record",
      ok: false,
      code: telling?.code ?? "RECORD_MISSING",
      message: telling
        ? `the log's record does not hold; ${telling.what}: ${telling.reason}`
        : `expected a record in ${atLeast} of the policy's logs, found ${found.length}`,
      word: "nobody",
    },
  };
}

function sameLines(
  a: readonly { name: string; sha256: string }[],
  b: readonly { name: string; sha256: string }[],
): boolean {
  const digests = new Map(b.map(({ name, sha256 }) => [name, sha256]));
  return (
    a.length === b.length &&
    a.every(({ name, sha256 }) => digests.get(name) === sha256) &&
    new Set(a.map(({ name }) => name)).size === a.length
  );
}
