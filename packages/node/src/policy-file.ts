/** Policies on disk: a policy to edit (YAML or JSON, keys by file), read and sealed. */

import { dirname, resolve } from "node:path";
import {
  decodeUtf8,
  fail,
  maxPolicySize,
  type Policy,
  type PolicyDocument,
  parsePolicy,
  parsePolicyDocument,
  sealPolicy,
  toBase64,
} from "@countersign/core";
import { adapters } from "./adapters.ts";
import { readSmallFile } from "./files.ts";
import { parseYaml } from "./yaml.ts";

export interface SealedPolicy {
  readonly bytes: Uint8Array;
  readonly policy: Policy;
}

/** A sealed policy from a file. @throws POLICY_NOT_SEALED · POLICY_MALFORMED · FILE_UNREADABLE */
export async function readPolicy(path: string): Promise<SealedPolicy> {
  const bytes = await readSmallFile(path, maxPolicySize);
  return { bytes, policy: await parsePolicy(bytes, adapters, path) };
}

/**
 * Reads a policy to edit and puts the keys that it names inline.
 * @param path key files are found relative to it
 * @throws POLICY_MALFORMED · KEY_MALFORMED · FILE_UNREADABLE
 */
export async function sealPolicyFile(path: string): Promise<SealedPolicy> {
  const text = decodeUtf8(await readSmallFile(path, maxPolicySize), path);
  const document = parsePolicyDocument(await parseYaml(text, "POLICY_MALFORMED", path), path);
  const inline = async (
    files: string | readonly string[] | undefined,
  ): Promise<readonly string[] | undefined> =>
    files === undefined
      ? undefined
      : Promise.all([files].flat().map((file) => readKeyText(resolve(dirname(path), file))));
  const signers: Record<string, PolicyDocument["signers"][string]> = {};
  for (const [name, { openpgp, ssh }] of Object.entries(document.signers))
    signers[name] = { openpgp: await inline(openpgp), ssh: await inline(ssh) };
  const bytes = sealPolicy({ ...document, signers });
  return { bytes, policy: await parsePolicy(bytes, adapters, path) };
}

async function readKeyText(path: string): Promise<string> {
  const bytes = await readSmallFile(path, maxPolicySize);
  if (/PRIVATE KEY/.test(Buffer.from(bytes.subarray(0, 4096)).toString("latin1")))
    fail("KEY_MALFORMED", `${path} holds a secret key`, {
      where: path,
      hint: "A policy is public. Name the file with the public key.",
    });
  const binary =
    bytes.includes(0) || bytes.some((byte) => byte >= 0x80 && bytes[0] !== undefined && bytes[0] >= 0x80);
  return binary ? `base64:${toBase64(bytes)}` : decodeUtf8(bytes, path);
}
