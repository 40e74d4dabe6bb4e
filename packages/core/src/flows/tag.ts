/** Is a tag signed by one of these keys? The tag's own signature, before anything is made from it. */

import { fail } from "../errors/index.ts";
import { bytesSource } from "../formats/digest.ts";
import { type GitTag, parseTag, treeTrailer } from "../formats/git-object.ts";
import { printable } from "../formats/names.ts";
import type { Key, Scheme, SignatureFacts } from "../ports/scheme.ts";
import { judgeSignature } from "./judge.ts";

export interface TagQuestion {
  /** The raw tag object. */
  readonly bytes: Uint8Array;
  /** The name that it was asked for by; without `refs/tags/`. */
  readonly name: string;
  readonly schemes: readonly Scheme[];
  /** Keys of any scheme; each scheme is handed its own. */
  readonly keys: readonly Key[];
  readonly signal?: AbortSignal | undefined;
}

export interface TagFacts {
  readonly tag: GitTag;
  /** `Scheme.name` of the signature. */
  readonly scheme: string;
  readonly facts: readonly SignatureFacts[];
}

export interface VerifiedTag extends TagFacts {
  /** The first signature that counts. */
  readonly by: SignatureFacts & { readonly key: string };
  /** The content id that the tagger signed with it, 64 hex digits; absent where the message has no trailer. */
  readonly contentTree: string | undefined;
}

/**
 * What the tag's signature says. Facts only: time and revocation are not judged here.
 * @throws TAG_UNSIGNED · TAG_MISMATCH — its header has another name · SCHEME_UNKNOWN · GIT_OBJECT_MALFORMED
 */
export async function judgeTagSignature(question: TagQuestion): Promise<TagFacts> {
  const where = `tag ${printable(question.name)}`;
  const tag = parseTag(question.bytes, where);
  if (tag.name !== question.name)
    fail("TAG_MISMATCH", `${where} says in its header that it is ${printable(tag.name)}`, { where });
  const { signature } = tag;
  if (signature === undefined) return fail("TAG_UNSIGNED", `${where} has no signature`, { where });
  const scheme = question.schemes.find((candidate) => candidate.recognises(signature));
  if (scheme === undefined) return unknownScheme(signature, where);
  const keys = question.keys.filter((key) => key.scheme === scheme.name);
  const facts = await scheme.check(bytesSource(where, tag.payload), signature, keys, {
    purpose: "tag",
    signal: question.signal,
  });
  return { tag, scheme: scheme.name, facts };
}

/**
 * Verifies that one of the keys made the tag's signature, and was good then and at `at`.
 * @throws the code of the signature's own trouble: SIGNATURE_BAD · SIGNATURE_UNJUDGED · KEY_UNKNOWN · KEY_EXPIRED · …
 * @throws TAG_UNSIGNED · TAG_MISMATCH · SCHEME_UNKNOWN · GIT_OBJECT_MALFORMED
 */
export async function verifyTag(question: TagQuestion & { readonly at: Date }): Promise<VerifiedTag> {
  const found = await judgeTagSignature(question);
  const where = `tag ${printable(question.name)}`;
  const contentTree = treeTrailer(found.tag.message, where);
  const troubles = [];
  for (const facts of found.facts) {
    const judged = judgeSignature(facts, { at: question.at });
    if (judged.counts) return { ...found, by: { ...facts, key: judged.key }, contentTree };
    troubles.push(judged);
  }
  const [first] = troubles;
  return fail(
    first?.code ?? "SIGNATURE_UNJUDGED",
    `${where}: no signature counts: ${troubles.map(({ reason }) => reason).join("; ") || "none was found in it"}`,
    { where, reasons: troubles.map(({ code }) => code) },
  );
}

function unknownScheme(signature: Uint8Array, where: string): never {
  const first = new TextDecoder().decode(signature.subarray(0, 40)).split("\n")[0] ?? "";
  return first.includes("SIGNED MESSAGE")
    ? fail("SCHEME_UNKNOWN", `${where} has an X.509 (S/MIME) signature, which is not supported`, {
        where,
        hint: "Sign the tag with an OpenPGP or SSH key.",
      })
    : fail("SCHEME_UNKNOWN", `${where} has a signature that no scheme at hand reads: ${printable(first)}`, {
        where,
      });
}
