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

/** A signature that counts. Its name in a release is made from these, never taken from where it was found. */
export interface CountedSignature {
  /** The signer's name in the policy. */
  readonly signer: string;
  /** Ending of its file, with the dot. */
  readonly extension: string;
  readonly bytes: Uint8Array;
}

export interface RoleVerdict {
  readonly signers: ReadonlySet<string>;
  /** One for each signer: the first that counts. */
  readonly counted: readonly CountedSignature[];
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
  const counted = new Map<string, CountedSignature>();
  const ignored: Ignored[] = [];
  const asked = new Set(quorumNames(quorum));
  for (const { name, bytes } of signatures) {
    const what = `the signature ${printable(name).slice(1, -1)}`;
    const scheme = isBare(bytes) ? schemes.find((one) => one.recognises(bytes)) : undefined;
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
        const extension = endingOf(bytes, scheme);
        if (!counted.has(signer.name)) counted.set(signer.name, { signer: signer.name, extension, bytes });
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
    return { signers, counted: [...counted.values()], ignored, check };
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
  return { signers, counted: [...counted.values()], ignored, check, missing };
}

/**
 * Nothing but a signature: binary, or armor from its first line to its last. Text around armor would be carried along, to
 * people who take the file for what it says.
 */
function isBare(bytes: Uint8Array): boolean {
  const [first = 0] = bytes;
  if (first >= 0x80) return true;
  const text = new TextDecoder("latin1").decode(bytes);
  return /^-----BEGIN [A-Z ]+-----\r?\n/.test(text) && /\n-----END [A-Z ]+-----\s*$/.test(text);
}

/** Armor has the scheme's first ending, binary its last. */
function endingOf([first = 0]: Uint8Array, { extensions }: Scheme): string {
  return (first >= 0x80 ? extensions.at(-1) : extensions[0]) ?? ".sig";
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
