/** Judges signatures in one role under a policy, and turns findings into checks and errors. */

import { CountersignError, type ErrorCode, isCountersignError } from "../errors/index.ts";
import type { Ignored } from "../formats/bundle.ts";
import { printable } from "../formats/names.ts";
import type { Policy } from "../formats/policy.ts";
import { describeMissing, type Quorum, quorumNames } from "../formats/quorum.ts";
import type { Purpose, Scheme } from "../ports/scheme.ts";
import type { Source } from "../ports/source.ts";
import { judgeSignature } from "./judge.ts";
import type { Check } from "./report.ts";

export interface Judging {
  readonly policy: Policy;
  readonly schemes: readonly Scheme[];
  readonly now: Date;
  /** Before publication: the gate has yet to write the logs' records, so none is asked for. */
  readonly staged?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RoleVerdict {
  readonly signers: ReadonlySet<string>;
  readonly counted: readonly string[];
  readonly check: Check;
  readonly ignored: readonly Ignored[];
  readonly missing?: string;
}

/**
 * Which signers of the policy signed `message`, and whether that is enough. One signature's failure is named as the
 * reason where it would have been needed; otherwise it is only ignored.
 */
export async function judgeRole(
  purpose: Purpose,
  quorum: Quorum,
  message: Source,
  signatures: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  judging: Judging,
): Promise<RoleVerdict> {
  const { policy, schemes, now, signal } = judging;
  const signers = new Set<string>();
  const counted: string[] = [];
  const ignored: Ignored[] = [];
  const asked = new Set(quorumNames(quorum));
  for (const { name, bytes } of signatures) {
    const what = `the signature ${printable(name).slice(1, -1)}`;
    const scheme = schemes.find((one) => one.recognises(bytes));
    if (!scheme) {
      ignored.push({
        what,
        code: "SIGNATURE_MALFORMED",
        reason: "no signature that an adapter here can read",
      });
      continue;
    }
    const keys = policy.signers.flatMap((signer) => signer.keys).filter((key) => key.scheme === scheme.name);
    if (keys.length === 0) {
      ignored.push({ what, code: "KEY_UNKNOWN", reason: `no ${scheme.name} key is known here` });
      continue;
    }
    for (const facts of await scheme.check(message, bytes, keys, { purpose, signal })) {
      const verdict = judgeSignature(facts, { at: now });
      const signer = verdict.counts
        ? policy.signers.find((one) =>
            one.keys.some((key) => key.scheme === scheme.name && key.id === verdict.key),
          )
        : undefined;
      if (!verdict.counts) ignored.push({ what, code: verdict.code, reason: verdict.reason });
      else if (!signer)
        ignored.push({ what, code: "KEY_UNKNOWN", reason: "the policy does not name its key" });
      else if (!asked.has(signer.name))
        ignored.push({ what, reason: `${signer.name} is not asked for in this role` });
      else {
        signers.add(signer.name);
        counted.push(name);
      }
    }
  }
  const missing = describeMissing(quorum, signers);
  const names = [...signers].join(", ");
  if (missing === undefined) {
    const check: Check = {
      link: purpose === "tag" ? "tag" : "release",
      ok: true,
      message: `${purpose === "tag" ? "tag signed" : "signed"} by ${names}`,
      word: names,
    };
    return { signers, counted: [...new Set(counted)], ignored, check };
  }
  const telling =
    ignored.find(({ code }) => code !== undefined && code !== "KEY_UNKNOWN") ??
    ignored.find(({ code }) => code !== undefined);
  const because = telling ? `; ${telling.what}: ${telling.reason}` : "";
  const check: Check = {
    link: purpose === "tag" ? "tag" : "release",
    ok: false,
    code: telling?.code ?? "QUORUM_MISSING",
    message: `${purpose} signatures: missing ${missing}${because}`,
    word: names || "nobody",
  };
  return { signers, counted: [...new Set(counted)], ignored, check, missing };
}

/** The first failed check as an error of its own code. */
export function errorOfCheck(checks: readonly Check[], where: string): CountersignError | undefined {
  const failed = checks.filter(({ ok }) => !ok);
  const [first] = failed;
  return (
    first &&
    new CountersignError(first.code ?? "QUORUM_MISSING", first.message, {
      where,
      reasons: failed.flatMap(({ code }) => code ?? []),
    })
  );
}

/** Runs `check`, and turns an expected error into a failed check. */
export function asCheck(link: Check["link"], error: unknown): Check & { readonly code: ErrorCode } {
  if (!isCountersignError(error)) throw error;
  return { link, ok: false, code: error.code, message: error.message, word: "arithmetic" };
}
