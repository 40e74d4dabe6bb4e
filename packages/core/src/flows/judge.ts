/** From a scheme's facts to a verdict: does this signature count at this time? Adapters report, only this judges. */

import type { ErrorCode } from "../errors/index.ts";
import type { SignatureFacts } from "../ports/scheme.ts";

export type Judgement =
  | { readonly counts: true; readonly key: string }
  | { readonly counts: false; readonly code: ErrorCode; readonly reason: string };

/** Clocks of honest signers run ahead by no more than this; milliseconds. */
const tolerance = 24 * 60 * 60 * 1000;

/**
 * @param at when it is judged. The key must have been good then and at the time that the signature claims:
 *   without trusted time a claimed date alone must not revive an expired key.
 */
export function judgeSignature(facts: SignatureFacts, { at }: { readonly at: Date }): Judgement {
  const no = (code: ErrorCode, reason: string): Judgement => ({ counts: false, code, reason });
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  if (facts.outcome === "bad")
    return no(facts.code ?? "SIGNATURE_BAD", facts.reason ?? "it does not fit the bytes");
  if (facts.outcome !== "good")
    return no(facts.code ?? "SIGNATURE_UNJUDGED", facts.reason ?? "it cannot be judged");
  if (facts.key === undefined)
    return no(
      "KEY_UNKNOWN",
      `no known key made it${facts.fingerprint ? ` (it names ${facts.fingerprint})` : ""}`,
    );
  const { validity = {}, claimedTime, expires } = facts;
  const times = claimedTime ? [at, claimedTime] : [at];
  if (claimedTime && claimedTime.getTime() > at.getTime() + tolerance)
    return no("SIGNATURE_UNJUDGED", `it is dated in the future, ${day(claimedTime)}`);
  if (expires && expires <= at) return no("KEY_EXPIRED", `the signature itself expired on ${day(expires)}`);
  // A revocation counts whatever its date: that date is the key holder's word, and the key may be in other hands.
  if (validity.revoked) return no("KEY_REVOKED", `its key was revoked (${validity.revoked.reason})`);
  for (const time of times) {
    if (validity.until && time >= validity.until)
      return no("KEY_EXPIRED", `its key expired on ${day(validity.until)}`);
    if (validity.from && time.getTime() + tolerance < validity.from.getTime())
      return no("KEY_EXPIRED", `its key is valid from ${day(validity.from)} only`);
  }
  return { counts: true, key: facts.key };
}
