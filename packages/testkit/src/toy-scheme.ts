/**
 * A signature scheme for tests, the smallest that keeps the contract: Ed25519 over SHA-512 of the message.
 * Signature: `toy <purpose> <key id> <base64>`. Key: `toy-key <base64> <label>`. One line each.
 */

import {
  createHasher,
  decodeUtf8,
  fail,
  fromBase64,
  type Key,
  type Purpose,
  readStream,
  type Scheme,
  type SignatureFacts,
  type Signer,
  type Source,
  sha256Hex,
  toBase64,
  toHex,
  utf8,
  verifyEd25519,
} from "@countersign/core";
import { testKey } from "./ed25519.ts";

const signatureLine = /^toy (release|rebuild|tag|file) ([0-9a-f]{64}) ([A-Za-z0-9+/=]{88})\n$/;
const keyLine = /^toy-key ([A-Za-z0-9+/=]{44}) ([a-z]+)$/;

export const toyScheme: Scheme = {
  name: "toy",
  extensions: [".toy"],
  recognises: (signature) => signature.length < 1000 && textOf(signature).startsWith("toy "),

  async parseKeys(bytes) {
    const lines = decodeUtf8(bytes, "the key")
      .split("\n")
      .filter((line) => line !== "");
    const keys = lines.map((line): Key => {
      const [, encoded = "", label = ""] = keyLine.exec(line) ?? [];
      const native = fromBase64(encoded);
      if (native?.length !== 32) return fail("KEY_MALFORMED", "expected lines of toy-key, base64, label");
      return { scheme: "toy", id: sha256Hex(native), labels: [label], native };
    });
    return keys.length > 0 ? keys : fail("KEY_MALFORMED", "expected at least one key, found none");
  },

  async check(message, signature, keys, { purpose }): Promise<readonly SignatureFacts[]> {
    const [, madeFor, id, encoded = ""] = signatureLine.exec(textOf(signature)) ?? [];
    const bytes = fromBase64(encoded);
    if (id === undefined || bytes?.length !== 64)
      return [
        { outcome: "cannot-judge", code: "SIGNATURE_MALFORMED", reason: "not a line of the toy scheme" },
      ];
    const key = keys.find((one) => one.id === id);
    if (!key)
      return [{ outcome: "cannot-judge", code: "KEY_UNKNOWN", reason: "by another key", fingerprint: id }];
    if (madeFor !== purpose)
      return [{ outcome: "bad", code: "SIGNATURE_PURPOSE", reason: `made for ${madeFor}`, key: id }];
    const good = verifyEd25519(key.native as Uint8Array, await signedBytes(message, purpose), bytes);
    return good
      ? [{ outcome: "good", key: id, fingerprint: id }]
      : [{ outcome: "bad", code: "SIGNATURE_BAD", reason: "it does not fit the bytes", key: id }];
  },
};

/** @param seed 0 to 255: a key for each */
export async function toySigner(
  seed: number,
): Promise<{ readonly signer: Signer; readonly publicKey: Uint8Array }> {
  const key = await testKey(seed);
  const id = sha256Hex(key.publicKey);
  const signer: Signer = {
    scheme: "toy",
    fingerprint: id,
    interactive: false,
    async sign(message, { purpose }) {
      const signature = toBase64(await key.sign(await signedBytes(message, purpose)));
      return { scheme: "toy", extension: ".toy", bytes: utf8(`toy ${purpose} ${id} ${signature}\n`) };
    },
  };
  return { signer, publicKey: utf8(`toy-key ${toBase64(key.publicKey)} tester\n`) };
}

async function signedBytes(message: Source, purpose: Purpose): Promise<Uint8Array> {
  const hasher = createHasher("sha512");
  for await (const chunk of readStream(message.open())) hasher.update(chunk);
  return utf8(`toy\n${purpose}\n${toHex(hasher.digest())}\n`);
}

/** Latin-1, so that any bytes are some text. */
function textOf(bytes: Uint8Array): string {
  return bytes.length < 1000 ? String.fromCharCode(...bytes) : "";
}
