/** Groups of signers: `anyOf`, `allOf`, `atLeast … of`, nested. Counted by signer, so one person's several keys count once. */

import * as v from "valibot";
import { type ErrorCode, fail } from "../errors/index.ts";

export interface Quorum {
  readonly atLeast: number;
  readonly of: readonly (string | Quorum)[];
}

/** As people write it. */
export type QuorumText =
  | { readonly anyOf: readonly (string | QuorumText)[] }
  | { readonly allOf: readonly (string | QuorumText)[] }
  | { readonly atLeast: number; readonly of: readonly (string | QuorumText)[] };

const members: v.GenericSchema<unknown, (string | QuorumText)[]> = v.pipe(
  v.array(
    v.lazy(() =>
      v.union([v.string(), quorumSchema], "expected a name or a group: anyOf, allOf, or atLeast with of"),
    ),
  ),
  v.minLength(1, "expected at least one member"),
  v.maxLength(200),
);
export const quorumSchema: v.GenericSchema<unknown, QuorumText> = v.union(
  [
    v.strictObject({ anyOf: members }),
    v.strictObject({ allOf: members }),
    v.strictObject({ atLeast: v.pipe(v.number(), v.safeInteger(), v.minValue(1)), of: members }),
  ],
  "expected anyOf, allOf, or atLeast with of",
);

/**
 * @param known the names that may stand in it
 * @throws `code` — an unknown name, a name twice, a number that cannot be reached, more than four levels
 */
export function parseQuorum(
  text: QuorumText,
  known: ReadonlySet<string>,
  code: ErrorCode,
  where: string,
): Quorum {
  const seen = new Set<string>();
  const parse = (group: QuorumText, depth: number): Quorum => {
    if (depth > 4) fail(code, `${where}: more than four levels of groups`, { where });
    const list = "anyOf" in group ? group.anyOf : "allOf" in group ? group.allOf : group.of;
    const atLeast = "anyOf" in group ? 1 : "allOf" in group ? list.length : group.atLeast;
    if (atLeast > list.length)
      fail(code, `${where}: ${atLeast} of ${list.length} can never be reached`, { where });
    const of = list.map((member) => {
      if (typeof member !== "string") return parse(member, depth + 1);
      if (!known.has(member))
        fail(code, `${where}: ${JSON.stringify(member)} is not among the signers`, { where });
      if (seen.has(member)) fail(code, `${where}: ${member} stands in it twice`, { where });
      seen.add(member);
      return member;
    });
    return { atLeast, of };
  };
  return parse(text, 1);
}

/** Do these names meet the quorum? More names never turn true into false. */
export function quorumHolds(quorum: Quorum, names: ReadonlySet<string>): boolean {
  const met = quorum.of.filter((member) =>
    typeof member === "string" ? names.has(member) : quorumHolds(member, names),
  );
  return met.length >= quorum.atLeast;
}

/** In words, for those who are missing: `2 of alice, bob, (1 of ci, mirror)`. */
export function describeQuorum(quorum: Quorum): string {
  const names = quorum.of
    .map((member) => (typeof member === "string" ? member : `(${describeQuorum(member)})`))
    .join(", ");
  return quorum.of.length === 1 ? names : `${quorum.atLeast} of ${names}`;
}

/** Who could still help: `1 more of bob, carol`; undefined when the quorum holds. */
export function describeMissing(quorum: Quorum, names: ReadonlySet<string>): string | undefined {
  if (quorumHolds(quorum, names)) return undefined;
  const open = quorum.of.filter(
    (member) => !(typeof member === "string" ? names.has(member) : quorumHolds(member, names)),
  );
  const more = quorum.atLeast - (quorum.of.length - open.length);
  const who = open.map((member) =>
    typeof member === "string" ? member : `(${describeMissing(member, names)})`,
  );
  return open.length === more && more === 1 ? who.join(", ") : `${more} of ${who.join(", ")}`;
}

/** Every name in it. */
export function quorumNames(quorum: Quorum): readonly string[] {
  return quorum.of.flatMap((member) => (typeof member === "string" ? [member] : quorumNames(member)));
}
