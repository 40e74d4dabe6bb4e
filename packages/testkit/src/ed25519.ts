/** Ed25519 keys from a seed, by WebCrypto: for adapters of the testkit. Never for secrets that matter. */

import { concatBytes, fromBase64 } from "@countersign/core";

export interface TestKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes, for any message. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** DER of an Ed25519 private key up to the seed (RFC 8410). */
const prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** @param seed 0 to 255: a key for each */
export async function testKey(seed: number): Promise<TestKey> {
  const { subtle } = globalThis.crypto;
  const der = new Uint8Array(concatBytes(prefix, new Uint8Array(32).fill(seed)));
  const key = await subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
  const { x = "" } = await subtle.exportKey("jwk", key);
  const publicKey = fromBase64(`${x.replaceAll("-", "+").replaceAll("_", "/")}=`) ?? new Uint8Array();
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await subtle.sign("Ed25519", key, new Uint8Array(message))),
  };
}
