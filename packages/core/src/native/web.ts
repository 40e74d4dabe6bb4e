/** Browsers and other runtimes: hashes that stream, in plain JavaScript (WebCrypto's cannot). */

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import type { Hasher, HashName } from "./types.ts";

const functions = { sha1, sha256, sha512 };

export function createHasher(name: HashName): Hasher {
  return functions[name].create();
}

export function verifyEd25519(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  try {
    // RFC 8032 rules, as OpenSSL applies them, not the laxer ones of ZIP 215.
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}
