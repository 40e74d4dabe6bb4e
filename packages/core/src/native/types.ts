/** What the platform does natively and the web does not, or not as a stream. */

export interface Hasher {
  update(bytes: Uint8Array): Hasher;
  /** Ends the hash; call once. */
  digest(): Uint8Array;
}

export type HashName = "sha1" | "sha256" | "sha512";
