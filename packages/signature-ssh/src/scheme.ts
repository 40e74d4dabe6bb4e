/** SSH as a scheme: SSHSIG, as `ssh-keygen -Y sign` makes it. @see OpenSSH PROTOCOL.sshsig */

import {
  type CheckOptions,
  CountersignError,
  createHasher,
  type HashName,
  type Key,
  printable,
  readStream,
  type Scheme,
  type SignatureFacts,
  type Source,
} from "@countersign/core";
import { nativeKey, parseKeys, type SshKey } from "./keys.ts";
import { namespaceOf } from "./namespace.ts";
import { matchesPatterns } from "./options.ts";
import { fingerprintOf } from "./public-key.ts";
import { beginLine, formatSigned, parseSshSignature, type SshSignature } from "./sshsig.ts";
import { obstacleOf, verifySigned } from "./verify.ts";
import { WireError } from "./wire.ts";

/**
 * The scheme "ssh". Its signatures say in which namespace they were made and not when; a key's period comes
 * from its line in the allowed-signers file.
 */
export function sshScheme(): Scheme {
  return { name: "ssh", extensions: [".sshsig"], recognises, parseKeys, check };
}

function recognises(signature: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(signature.subarray(0, beginLine.length)) === beginLine;
}

async function check(
  message: Source,
  bytes: Uint8Array,
  keys: readonly Key[],
  options: CheckOptions,
): Promise<readonly SignatureFacts[]> {
  let signature: SshSignature;
  try {
    signature = parseSshSignature(bytes);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const reason = `the signature cannot be read: ${error.message}`;
    return [{ outcome: "cannot-judge", code: "SIGNATURE_MALFORMED", reason }];
  }
  return [await judge(message, signature, keys, options)];
}

async function judge(
  message: Source,
  signature: SshSignature,
  keys: readonly Key[],
  { purpose, signal }: CheckOptions,
): Promise<SignatureFacts> {
  const fingerprint = fingerprintOf(signature.publicKey);
  const expected = namespaceOf(purpose);
  if (signature.namespace !== expected) {
    const reason = `made in the namespace ${printable(signature.namespace, 60)}, not in "${expected}"`;
    return { outcome: "bad", code: "SIGNATURE_PURPOSE", reason, fingerprint };
  }
  const named = keys.filter(({ scheme, id }) => scheme === "ssh" && id === fingerprint).map(nativeKey);
  const [first] = named;
  if (first === undefined) {
    const reason = `none of the given keys is ${fingerprint}`;
    return { outcome: "cannot-judge", code: "KEY_UNKNOWN", reason, fingerprint };
  }
  const key = named.find(
    ({ namespaces }) => namespaces === undefined || matchesPatterns(expected, namespaces),
  );
  if (key === undefined) {
    const reason = `the key is not allowed to sign in the namespace "${expected}"`;
    return { outcome: "bad", code: "SIGNATURE_PURPOSE", reason, fingerprint, validity: first.validity };
  }
  return { ...(await compute(message, signature, key, signal)), fingerprint, validity: key.validity };
}

async function compute(
  message: Source,
  signature: SshSignature,
  { publicKey }: SshKey,
  signal: AbortSignal | undefined,
): Promise<SignatureFacts> {
  const obstacle = obstacleOf(publicKey, signature);
  if (obstacle) return { outcome: "cannot-judge", ...obstacle };
  const digest = await digestOf(message, signature.hash === "sha256" ? "sha256" : "sha512", signal);
  return (await verifySigned(publicKey, signature, formatSigned(signature, digest)))
    ? { outcome: "good", key: fingerprintOf(signature.publicKey) }
    : { outcome: "bad", code: "SIGNATURE_BAD", reason: "the signature does not fit the bytes" };
}

async function digestOf(
  message: Source,
  name: HashName,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (name === "sha256" && message.sha256) return message.sha256({ signal });
  const hasher = createHasher(name);
  let size = 0;
  for await (const chunk of readStream(message.open({ signal }))) {
    signal?.throwIfAborted();
    hasher.update(chunk);
    size += chunk.length;
  }
  if (size !== message.size)
    throw new CountersignError("FILE_CHANGED", `${message.name} had ${message.size} bytes and gave ${size}`, {
      where: message.name,
    });
  return hasher.digest();
}
