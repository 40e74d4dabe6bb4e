/** Node: OpenSSL's hashes. Chosen by the `node` condition of `#native`. */

import { createHash, createPublicKey, verify } from "node:crypto";
import type { Hasher, HashName } from "./types.ts";

export function createHasher(name: HashName): Hasher {
  const hash = createHash(name);
  const hasher: Hasher = {
    update(bytes) {
      hash.update(bytes);
      return hasher;
    },
    digest: () => new Uint8Array(hash.digest()),
  };
  return hasher;
}

/** DER of an Ed25519 SubjectPublicKeyInfo up to the key (RFC 8410). */
const spkiPrefix = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/** @param key 32 bytes @param signature 64 bytes; false for any other length @see RFC 8032 */
export function verifyEd25519(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  try {
    const spki = Buffer.concat([spkiPrefix, key]);
    return verify(null, message, createPublicKey({ key: spki, format: "der", type: "spki" }), signature);
  } catch {
    return false;
  }
}
