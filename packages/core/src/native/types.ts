/** What the platform does natively and the web does not, or not as a stream. */

export interface Hasher {
  update(bytes: Uint8Array): Hasher;
  /** Ends the hash; call once. */
  digest(): Uint8Array;
}

export type HashName = "sha1" | "sha256" | "sha512";

export interface Native {
  createHasher(name: HashName): Hasher;
  /** @param key 32 bytes @param signature 64 bytes; false for any other length */
  verifyEd25519(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
