/** The mathematics of an SSH signature. RFC 8332 §3, RFC 5656 §3.1.2, RFC 8709 §6, PROTOCOL.u2f */

import { concatBytes, type ErrorCode, sha256, toBase64, verifyEd25519 } from "@countersign/core";
import { type Curve, curveSize, type PublicKey } from "./public-key.ts";
import type { SshSignature } from "./sshsig.ts";
import { WireError, wireReader } from "./wire.ts";

export interface Obstacle {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Smallest RSA modulus that counts, in bits. */
export const minRsaBits = 2048;

const rsaHashes: Readonly<Record<string, string>> = { "rsa-sha2-256": "SHA-256", "rsa-sha2-512": "SHA-512" };
const curveHashes: Readonly<Record<Curve, string>> = {
  "P-256": "SHA-256",
  "P-384": "SHA-384",
  "P-521": "SHA-512",
};
/** Flag of a token: someone touched it. */
const userPresent = 1;

/** Why this signature by this key cannot count, whatever the message; undefined when it may. */
export function obstacleOf(key: PublicKey, signature: SshSignature): Obstacle | undefined {
  if (signature.hash !== "sha256" && signature.hash !== "sha512")
    return {
      code: "SIGNATURE_UNJUDGED",
      reason: `the digest ${signature.hash} is not one of sha256 and sha512`,
    };
  if (key.kind === "rsa") {
    if (key.bits < minRsaBits)
      return { code: "KEY_WEAK", reason: `the key is RSA with ${key.bits} bits, fewer than ${minRsaBits}` };
    if (signature.algorithm === "ssh-rsa")
      return { code: "KEY_WEAK", reason: "the signature is RSA with SHA-1, which can be forged" };
    return signature.algorithm in rsaHashes ? undefined : mismatch(key, signature);
  }
  if (signature.algorithm !== key.type) return mismatch(key, signature);
  if (signature.token && (signature.token.flags & userPresent) === 0)
    return { code: "SIGNATURE_UNJUDGED", reason: "nobody touched the security token for this signature" };
  return undefined;
}

/** Does `signature` by `key` cover `signed`? False for anything malformed. */
export async function verifySigned(
  key: PublicKey,
  signature: SshSignature,
  signed: Uint8Array,
): Promise<boolean> {
  try {
    if (key.kind === "rsa") return await verifyRsa(key, signature, signed);
    const covered = coveredBy(key, signature, signed);
    return key.kind === "ed25519"
      ? verifyEd25519(key.point, covered, signature.signature)
      : await verifyEcdsa(key.curve, key.point, signature.signature, covered);
  } catch (error) {
    if (error instanceof WireError || (error instanceof Error && error.name === "DataError")) return false;
    throw error;
  }
}

/** A token signs digests of what it was asked for, its own flags and its counter. */
function coveredBy(
  key: Exclude<PublicKey, { kind: "rsa" }>,
  { token }: SshSignature,
  signed: Uint8Array,
): Uint8Array {
  if (key.application === undefined) return signed;
  if (token === undefined) throw new WireError("a token's signature has flags and a counter");
  return concatBytes(sha256(key.application), Uint8Array.of(token.flags), token.counter, sha256(signed));
}

async function verifyRsa(
  key: Extract<PublicKey, { kind: "rsa" }>,
  signature: SshSignature,
  signed: Uint8Array,
): Promise<boolean> {
  const hash = rsaHashes[signature.algorithm] ?? "";
  // OpenSSH may leave out leading zeros.
  if (signature.signature.length > key.modulus.length) return false;
  const padded = leftPad(signature.signature, key.modulus.length);
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
  const jwk = { kty: "RSA", n: base64url(key.modulus), e: base64url(key.exponent) };
  const imported = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
  return crypto.subtle.verify(algorithm, imported, padded.slice(), signed.slice());
}

async function verifyEcdsa(
  curve: Curve,
  point: Uint8Array,
  signature: Uint8Array,
  covered: Uint8Array,
): Promise<boolean> {
  const reader = wireReader(signature);
  const [r, s] = [reader.mpint(), reader.mpint()];
  reader.end();
  const size = curveSize(curve);
  if (r.length > size || s.length > size) return false;
  const algorithm = { name: "ECDSA", namedCurve: curve };
  const imported = await crypto.subtle.importKey("raw", point.slice(), algorithm, false, ["verify"]);
  const flat = concatBytes(leftPad(r, size), leftPad(s, size));
  return crypto.subtle.verify(
    { name: "ECDSA", hash: curveHashes[curve] },
    imported,
    flat.slice(),
    covered.slice(),
  );
}

function leftPad(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(size);
  padded.set(bytes, size - bytes.length);
  return padded;
}

function base64url(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function mismatch(key: PublicKey, signature: SshSignature): Obstacle {
  return { code: "SIGNATURE_UNJUDGED", reason: `a key of type ${key.type} makes no ${signature.algorithm}` };
}
