/** A scheme for tests of the flow: keyed hashes in the armor of an SSH signature. Real schemes are tested in their packages. */

import { createHmac } from "node:crypto";
import {
  type Key,
  type KeyValidity,
  readAll,
  type Scheme,
  type Signer,
  type Source,
  toHex,
} from "@countersign/core";

const begin = "-----BEGIN SSH SIGNATURE-----\n";

async function seal(message: Source, key: string): Promise<string> {
  return toHex(
    createHmac("sha256", key)
      .update(await readAll(message.open(), 1 << 20, "test"))
      .digest(),
  );
}

export function testKey(id: string, validity: KeyValidity = {}): Key {
  return { scheme: "test", id, labels: [], native: validity };
}

export const testScheme: Scheme = {
  name: "test",
  extensions: [".test"],
  recognises: (signature) => Buffer.from(signature).toString("latin1").startsWith(begin),
  parseKeys: async () => [testKey("ada")],
  async check(message, signature, keys, { purpose }) {
    const [, id, found] = Buffer.from(signature).toString("latin1").split("\n");
    const key = keys.find((candidate) => candidate.id === id);
    if (!key) return [{ outcome: "cannot-judge", code: "KEY_UNKNOWN", reason: "no such key" }];
    return purpose === "tag" && found === (await seal(message, key.id))
      ? [{ outcome: "good", key: key.id, validity: key.native as KeyValidity }]
      : [{ outcome: "bad", reason: "another hash" }];
  },
};

export function testSigner(id: string): Signer {
  return {
    scheme: "test",
    fingerprint: id,
    interactive: false,
    async sign(message) {
      const text = `${begin}${id}\n${await seal(message, id)}\n-----END SSH SIGNATURE-----\n`;
      return { scheme: "test", extension: ".test", bytes: Buffer.from(text) };
    },
  };
}
