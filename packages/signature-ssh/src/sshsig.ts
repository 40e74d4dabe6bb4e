/** The SSHSIG format. @see OpenSSH PROTOCOL.sshsig */

import { concatBytes, fromBase64, utf8 } from "@countersign/core";
import { formatString, WireError, wireReader } from "./wire.ts";

export interface SshSignature {
  /** The signer's public key, in SSH's form. */
  readonly publicKey: Uint8Array;
  readonly namespace: string;
  readonly reserved: Uint8Array;
  /** "sha256" or "sha512"; anything else cannot be judged. */
  readonly hash: string;
  /** Name of the signature's algorithm. */
  readonly algorithm: string;
  readonly signature: Uint8Array;
  /** Set for signatures by a security token: its flags and its counter, big-endian. */
  readonly token?: { readonly flags: number; readonly counter: Uint8Array };
}

/** Bytes of a signature file, at most. */
export const maxSignatureSize: number = 64 << 10;

const magic = utf8("SSHSIG");
export const beginLine = "-----BEGIN SSH SIGNATURE-----";
const endLine = "-----END SSH SIGNATURE-----";

/** @throws WireError — damaged, or of another version */
export function parseSshSignature(bytes: Uint8Array): SshSignature {
  const reader = wireReader(dearmor(bytes));
  if (!reader.take(6).every((byte, i) => byte === magic[i]))
    throw new WireError("expected SSHSIG at its beginning");
  const version = reader.uint32();
  if (version !== 1) throw new WireError(`expected version 1, found ${version}`);
  const publicKey = reader.string();
  const namespace = reader.text();
  const reserved = reader.string();
  const hash = reader.text();
  const inner = wireReader(reader.string());
  reader.end();
  const algorithm = inner.text();
  const signature = inner.string();
  const token = algorithm.startsWith("sk-") ? { flags: inner.byte(), counter: inner.take(4) } : undefined;
  inner.end();
  return { publicKey, namespace, reserved, hash, algorithm, signature, ...(token ? { token } : {}) };
}

/** What the key signed: the digest of the message, bound to the namespace. */
export function formatSigned(signature: SshSignature, digest: Uint8Array): Uint8Array {
  return concatBytes(
    magic,
    formatString(signature.namespace),
    formatString(signature.reserved),
    formatString(signature.hash),
    formatString(digest),
  );
}

/** Exactly one block and nothing else. */
function dearmor(bytes: Uint8Array): Uint8Array {
  if (bytes.length > maxSignatureSize)
    throw new WireError(`expected at most ${maxSignatureSize} bytes, found ${bytes.length}`);
  const lines = new TextDecoder("latin1").decode(bytes).split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  if (lines[0] !== beginLine) throw new WireError(`expected "${beginLine}" in the first line`);
  if (lines.at(-1) !== endLine) throw new WireError(`expected "${endLine}" in the last line`);
  const blob = fromBase64(lines.slice(1, -1).join(""));
  if (blob === undefined || blob.length === 0)
    throw new WireError("expected base64 between the armor's lines");
  return blob;
}
