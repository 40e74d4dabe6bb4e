/**
 * The policy: whose signatures, in which role, how many, and which logs. Data, never code.
 * A policy to edit names key files (`policy/v1`, YAML or JSON); a sealed one holds the keys (`sealed-policy/v1`, JSON). Only sealed ones are trusted.
 */

import * as v from "valibot";
import { fail, isCountersignError } from "../errors/index.ts";
import type { Key, Scheme } from "../ports/scheme.ts";
import { fromBase64, utf8 } from "./bytes.ts";
import { sha256Hex } from "./digest.ts";
import { type Json, parseJson } from "./json.ts";
import { parseQuorum, type Quorum, type QuorumText, quorumSchema } from "./quorum.ts";
import { fit, projectSchema } from "./schema.ts";
import { parseVerifierKey, type VerifierKey } from "./signed-note.ts";

/** Bytes. */
export const maxPolicySize: number = 4 << 20;

const signerName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "expected a name of lower-case letters, digits, _ and -"),
);
const keyText = v.union(
  [v.string(), v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(50))],
  "expected text or a list of texts",
);
const body = {
  $schema: v.optional(v.string()),
  project: projectSchema,
  serial: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  signers: v.pipe(
    v.record(
      signerName,
      v.pipe(
        v.strictObject({ openpgp: v.optional(keyText), ssh: v.optional(keyText) }),
        v.check(
          (signer) => signer.openpgp !== undefined || signer.ssh !== undefined,
          "expected openpgp or ssh keys",
        ),
      ),
    ),
    v.check((signers) => Object.keys(signers).length > 0, "expected at least one signer"),
  ),
  require: v.strictObject({ tag: v.optional(quorumSchema), release: quorumSchema }),
  logs: v.optional(
    v.union(
      [
        v.strictObject({ anyOf: v.pipe(v.array(v.string()), v.minLength(1)) }),
        v.strictObject({
          atLeast: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
          of: v.pipe(v.array(v.string()), v.minLength(1)),
        }),
      ],
      "expected anyOf, or atLeast with of",
    ),
  ),
};

export interface PolicyDocument {
  readonly project: string;
  readonly serial: number;
  /** Names of files (policy/v1), or the keys themselves: text, or `base64:…` for binary ones (sealed). */
  readonly signers: Readonly<
    Record<
      string,
      {
        readonly openpgp?: string | readonly string[] | undefined;
        readonly ssh?: string | readonly string[] | undefined;
      }
    >
  >;
  readonly require: { readonly tag?: QuorumText | undefined; readonly release: QuorumText };
  /** Lines of c2sp.org/tlog-policy: `log <verifier key> [<URL>]`. */
  readonly logs?:
    | { readonly anyOf: readonly string[] }
    | { readonly atLeast: number; readonly of: readonly string[] }
    | undefined;
}

/** The schema of a policy to edit; its JSON Schema is published. */
export const policySchema: v.GenericSchema<unknown, PolicyDocument & { countersign: "policy/v1" }> =
  v.strictObject({ countersign: v.literal("policy/v1"), ...body });
/** The schema of a sealed policy. */
export const sealedPolicySchema: v.GenericSchema<
  unknown,
  PolicyDocument & { countersign: "sealed-policy/v1" }
> = v.strictObject({
  countersign: v.literal("sealed-policy/v1"),
  ...body,
});

export interface PolicySigner {
  readonly name: string;
  readonly keys: readonly Key[];
}

declare const trusted: unique symbol;

/** What a verdict rests on. Only `parsePolicy` and `policyOfKeys` make it. */
export interface Policy {
  readonly [trusted]: true;
  /** Undefined: made from keys alone; then project is not checked, and reports say so. */
  readonly project: string | undefined;
  readonly serial: number;
  readonly signers: readonly PolicySigner[];
  readonly require: { readonly tag?: Quorum; readonly release: Quorum };
  readonly logs: { readonly atLeast: number; readonly of: readonly VerifierKey[] };
  /** SHA-256 of the sealed bytes, hex. */
  readonly sha256: string;
}

/**
 * Reads a sealed policy and its keys.
 * @throws POLICY_NOT_SEALED — it is a policy to edit
 * @throws POLICY_MALFORMED — with the path of what is wrong; also for one key under two names
 * @throws KEY_MALFORMED · SCHEME_UNKNOWN
 */
export async function parsePolicy(
  bytes: Uint8Array,
  adapters: { readonly schemes: readonly Scheme[] },
  where = "the policy",
): Promise<Policy> {
  if (!/^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64))))
    fail("POLICY_NOT_SEALED", `${where} is not sealed`, { where });
  const json = parseText(bytes, where);
  if (typeof json === "object" && json !== null && "countersign" in json && json.countersign === "policy/v1")
    fail("POLICY_NOT_SEALED", `${where} is a policy to edit, not a sealed one`, { where });
  const document = fit(sealedPolicySchema, json, "POLICY_MALFORMED", where);
  const signers: PolicySigner[] = [];
  for (const [name, texts] of Object.entries(document.signers)) {
    const keys: Key[] = [];
    for (const [scheme, text] of Object.entries(texts))
      for (const one of [text].flat())
        if (one !== undefined)
          keys.push(
            ...(await parseKeys(one, scheme, adapters.schemes, `${where}: signers.${name}.${scheme}`)),
          );
    signers.push({ name, keys });
  }
  verifyOneName(signers, where);
  const names = new Set(signers.map((signer) => signer.name));
  const tag =
    document.require.tag &&
    parseQuorum(document.require.tag, names, "POLICY_MALFORMED", `${where}: require.tag`);
  const release = parseQuorum(
    document.require.release,
    names,
    "POLICY_MALFORMED",
    `${where}: require.release`,
  );
  return brand({
    project: document.project,
    serial: document.serial,
    signers,
    require: { release, ...(tag && { tag }) },
    logs: parseLogs(document.logs, where),
    sha256: sha256Hex(bytes),
  });
}

/** A policy of one sort: any one of these keys, no project, no log. For `verify --key`, which says what it did not check. */
export function policyOfKeys(keys: readonly Key[]): Policy {
  if (keys.length === 0) throw new TypeError("policyOfKeys needs a key");
  const signers = [...new Map(keys.map((key) => [key.id, key])).values()].map((key) => ({
    name: key.id,
    keys: [key],
  }));
  return brand({
    project: undefined,
    serial: 0,
    signers,
    require: { release: { atLeast: 1, of: signers.map(({ name }) => name) } },
    logs: { atLeast: 0, of: [] },
    sha256: "",
  });
}

/** Seals: what `policy/v1` names by file is given inline. Does no I/O and checks only the shape; `parsePolicy` checks the rest. */
export function sealPolicy(document: PolicyDocument): Uint8Array {
  const { project, serial, signers, require, logs } = document;
  return utf8(
    `${JSON.stringify({ countersign: "sealed-policy/v1", project, serial, signers, require, logs }, null, 2)}\n`,
  );
}

/** Reads a policy to edit, from JSON or what a YAML reader gave. @throws POLICY_MALFORMED */
export function parsePolicyDocument(value: unknown, where: string): PolicyDocument {
  return fit(policySchema, value, "POLICY_MALFORMED", where);
}

/** The signers whose single key, with nothing else, meets every requirement: what one theft is enough for. */
export function findSinglePoints(policy: Policy): readonly string[] {
  const alone = (quorum: Quorum | undefined, name: string): boolean => !quorum || meets(quorum, name);
  return policy.signers
    .map(({ name }) => name)
    .filter((name) => alone(policy.require.release, name) && alone(policy.require.tag, name));
}

function meets(quorum: Quorum, name: string): boolean {
  return (
    quorum.of.filter((member) => (typeof member === "string" ? member === name : meets(member, name)))
      .length >= quorum.atLeast
  );
}

async function parseKeys(
  text: string,
  schemeName: string,
  schemes: readonly Scheme[],
  where: string,
): Promise<readonly Key[]> {
  const scheme =
    schemes.find(({ name }) => name === schemeName) ??
    fail("SCHEME_UNKNOWN", `${where}: no adapter for ${schemeName}`, { where });
  const bytes = text.startsWith("base64:")
    ? (fromBase64(text.slice(7)) ?? fail("POLICY_MALFORMED", `${where}: not base64`, { where }))
    : utf8(text);
  return scheme.parseKeys(bytes);
}

function verifyOneName(signers: readonly PolicySigner[], where: string): void {
  const holder = new Map<string, string>();
  for (const { name, keys } of signers)
    for (const { id } of keys) {
      const other = holder.get(id);
      if (other !== undefined && other !== name)
        fail("POLICY_MALFORMED", `${where}: ${other} and ${name} have the same key ${id}`, { where });
      holder.set(id, name);
    }
}

function parseLogs(logs: PolicyDocument["logs"], where: string): Policy["logs"] {
  if (!logs) return { atLeast: 0, of: [] };
  const lines = "anyOf" in logs ? logs.anyOf : logs.of;
  const atLeast = "anyOf" in logs ? 1 : logs.atLeast;
  const of = lines.map((line) => {
    const [word, key, url, ...rest] = line.split(/[ \t]+/);
    if (line.includes("PRIVATE+KEY"))
      fail("POLICY_MALFORMED", `${where}: logs: a secret key stands where a verifier key belongs`, { where });
    if (
      word !== "log" ||
      key === undefined ||
      rest.length > 0 ||
      (url !== undefined && !/^https?:\/\//.test(url))
    )
      return fail(
        "POLICY_MALFORMED",
        `${where}: logs: expected \`log <key> [<URL>]\`, found ${JSON.stringify(line.slice(0, 80))}`,
        {
          where,
          hint: "Witnesses, groups and quorums are not read yet; this version knows only lines that begin with `log`.",
        },
      );
    return parseVerifierKey(key);
  });
  if (new Set(of.map(({ name }) => name)).size !== of.length)
    fail("POLICY_MALFORMED", `${where}: logs: one log twice`, { where });
  if (atLeast > of.length)
    fail("POLICY_MALFORMED", `${where}: logs: ${atLeast} of ${of.length} can never be reached`, { where });
  return { atLeast, of };
}

function parseText(bytes: Uint8Array, where: string): Json {
  try {
    return parseJson(bytes, maxPolicySize, where);
  } catch (cause) {
    if (!isCountersignError(cause)) throw cause;
    return fail("POLICY_MALFORMED", cause.message, { where, cause });
  }
}

function brand(policy: Omit<Policy, typeof trusted>): Policy {
  return Object.freeze(policy) as Policy;
}
