/** Judges the tag in a release statement: raw objects, ids recomputed, the signature over the tag itself. */

import { fail, isCountersignError } from "../errors/index.ts";
import type { Ignored } from "../formats/bundle.ts";
import { bytesSource } from "../formats/digest.ts";
import { gitObjectId, type ObjectFormat, parseCommit, parseTag, treeTrailer } from "../formats/git-object.ts";
import { printable } from "../formats/names.ts";
import type { ReleaseStatement, StatedSource } from "../formats/statement.ts";
import type { Check } from "./report.ts";
import { asCheck, type Judging, judgeRole } from "./roles.ts";

export interface TagVerdict {
  readonly checks: readonly Check[];
  readonly signers: ReadonlySet<string>;
  readonly ignored: readonly Ignored[];
  readonly missing?: string;
  readonly notChecked: readonly string[];
}

/** A tag that the policy does not require is judged too, and what is found is reported, but only contradictions fail. */
export async function inspectTag({ source }: ReleaseStatement, judging: Judging): Promise<TagVerdict> {
  const { policy } = judging;
  const required = policy.require.tag;
  const none = { signers: new Set<string>(), ignored: [] };
  const unsigned = (what: string): TagVerdict =>
    required
      ? {
          ...none,
          checks: [
            {
              link: "tag",
              ok: false,
              code: "TAG_UNSIGNED",
              message: `the policy asks for a signed tag; ${what}`,
              word: "nobody",
            },
          ],
          notChecked: [],
        }
      : { ...none, checks: [], notChecked: [`the source: ${what}`] };
  if (!source) return unsigned("these files were made elsewhere and are declared, not rebuilt");
  let signed: { readonly payload: Uint8Array; readonly signature: Uint8Array } | undefined;
  try {
    signed = openTag(source);
  } catch (error) {
    if (!isCountersignError(error)) throw error;
    return { ...none, checks: [asCheck("tag", error)], notChecked: [] };
  }
  if (!signed) return unsigned(`the tag ${printable(source.tag)} is not signed`);
  const everyone = { atLeast: 1, of: policy.signers.map(({ name }) => name) };
  const signatures = [{ name: `tag ${source.tag}`, bytes: signed.signature }];
  const verdict = await judgeRole(
    "tag",
    required ?? everyone,
    bytesSource("tag", signed.payload),
    signatures,
    judging,
  );
  if (required || verdict.check.ok) return { ...verdict, checks: [verdict.check], notChecked: [] };
  const [found] = verdict.ignored;
  const why = found?.reason ?? "nobody who is known here";
  return {
    ...none,
    checks: [],
    notChecked: [`who signed the tag ${printable(source.tag).slice(1, -1)}: ${why}`],
  };
}

/**
 * The tag's payload and signature, when the objects are what the statement says they are.
 * @returns undefined for an unsigned tag
 * @throws TAG_MISMATCH — an id, a name or the tree differs · GIT_OBJECT_MALFORMED
 */
function openTag(
  source: StatedSource,
): { readonly payload: Uint8Array; readonly signature: Uint8Array } | undefined {
  const format: ObjectFormat = source.commit.length === 64 ? "sha256" : "sha1";
  const commit = parseCommit(source.commitObject, "the commit in the statement");
  if (gitObjectId("commit", source.commitObject, format) !== source.commit)
    fail("TAG_MISMATCH", `the commit object is not commit ${source.commit}`);
  if (commit.tree !== source.tree)
    fail("TAG_MISMATCH", `commit ${source.commit} has the tree ${commit.tree}, not ${source.tree}`);
  if (source.tagObject === undefined) return undefined;
  const tag = parseTag(source.tagObject, "the tag in the statement");
  if (tag.name !== source.tag)
    fail("TAG_MISMATCH", `expected the tag ${printable(source.tag)}, found ${printable(tag.name)}`);
  if (tag.type !== "commit" || tag.object !== source.commit)
    fail(
      "TAG_MISMATCH",
      `the tag ${printable(tag.name)} names ${tag.type} ${tag.object}, not commit ${source.commit}`,
    );
  const trailer = treeTrailer(tag.message, "the tag in the statement");
  if (trailer !== undefined && trailer !== source.contentTree)
    fail("TAG_MISMATCH", `the tag names the content ${trailer}, the statement ${source.contentTree}`);
  return tag.signature && { payload: tag.payload, signature: tag.signature };
}
