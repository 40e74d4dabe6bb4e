/** Keys and signatures made in process, judged by our own checks. */

import { bytesSource, type Source, utf8 } from "@countersign/core";
import { describe, expect, test } from "vitest";
import { generateOpenpgpKey, openpgpKeySigner, openpgpScheme } from "../src/index.ts";

const date = new Date("2026-01-02T03:04:05Z");
const now = (): Date => new Date("2026-02-03T04:05:06Z");
const message = bytesSource("message", utf8("one\r\ntwo\nthree"));
const scheme = openpgpScheme();

/** `size` bytes of a pattern that are never all in memory. */
function patternSource(size: number): Source {
  const chunk = new Uint8Array(1 << 18).map((_, i) => i * 31);
  return {
    name: "pattern",
    size,
    open() {
      let left = size;
      return new ReadableStream({
        pull(controller) {
          if (left === 0) return controller.close();
          const part = chunk.slice(0, Math.min(left, chunk.length));
          left -= part.length;
          controller.enqueue(part);
        },
      });
    },
  };
}

describe("keys made in process", () => {
  test("sign, armored and binary, and are found good with key, time and validity", async () => {
    const made = await generateOpenpgpKey({ name: "Mara Roth", email: "mara@example.org", date });
    const keys = await scheme.parseKeys(utf8(made.publicKey));
    expect(keys.map((key) => key.labels)).toEqual([["Mara Roth <mara@example.org>"]]);
    const signer = await openpgpKeySigner({ secretKey: utf8(made.secretKey), now });
    expect(signer.fingerprint).toBe(keys[0]?.id);
    for (const armor of [true, false]) {
      const signature = await signer.sign(message, { purpose: "release", armor });
      expect(signature.extension).toBe(armor ? ".asc" : ".sig");
      expect(scheme.recognises(signature.bytes)).toBe(true);
      expect(await scheme.check(message, signature.bytes, keys, { purpose: "release" })).toEqual([
        {
          outcome: "good",
          key: signer.fingerprint,
          fingerprint: signer.fingerprint,
          claimedTime: now(),
          validity: { from: date },
        },
      ]);
      const other = bytesSource("other", utf8("one\r\ntwo\nthree!"));
      const [facts] = await scheme.check(other, signature.bytes, keys, { purpose: "release" });
      expect(facts).toMatchObject({ outcome: "bad", code: "SIGNATURE_BAD" });
      expect(facts?.key).toBeUndefined();
    }
  });

  test("are locked by a passphrase", async () => {
    const made = await generateOpenpgpKey({ name: "Mara", passphrase: "correct horse", date });
    const secretKey = utf8(made.secretKey);
    await expect(openpgpKeySigner({ secretKey, now })).rejects.toMatchObject({ code: "KEY_LOCKED" });
    await expect(openpgpKeySigner({ secretKey, now, passphrase: "wrong" })).rejects.toMatchObject({
      code: "KEY_LOCKED",
    });
    const signer = await openpgpKeySigner({ secretKey, now, passphrase: "correct horse" });
    expect(JSON.stringify(signer)).not.toContain("horse");
    const signature = await signer.sign(message, { purpose: "tag" });
    const keys = await scheme.parseKeys(utf8(made.publicKey));
    const [facts] = await scheme.check(message, signature.bytes, keys, { purpose: "tag" });
    expect(facts?.outcome).toBe("good");
  });

  test("a public key, junk and two keys are no secret key", async () => {
    const made = await generateOpenpgpKey({ name: "Mara", date });
    for (const secretKey of [utf8(made.publicKey), utf8("junk"), utf8(made.secretKey + made.secretKey)])
      await expect(openpgpKeySigner({ secretKey, now })).rejects.toMatchObject({ code: "KEY_MALFORMED" });
  });

  test("sign and check 192 MiB without keeping them", async () => {
    const made = await generateOpenpgpKey({ name: "Mara", date });
    const signer = await openpgpKeySigner({ secretKey: utf8(made.secretKey), now });
    const large = patternSource(192 << 20);
    const before = process.memoryUsage();
    const signature = await signer.sign(large, { purpose: "file" });
    const keys = await scheme.parseKeys(utf8(made.publicKey));
    const [facts] = await scheme.check(large, signature.bytes, keys, { purpose: "file" });
    expect(facts?.outcome).toBe("good");
    const after = process.memoryUsage();
    expect(after.external + after.heapUsed - before.external - before.heapUsed).toBeLessThan(120 << 20);
  });

  test("a message that cannot be read, or has another size, is an error and not a verdict", async () => {
    const made = await generateOpenpgpKey({ name: "Mara", date });
    const signer = await openpgpKeySigner({ secretKey: utf8(made.secretKey), now });
    const keys = await scheme.parseKeys(utf8(made.publicKey));
    const { bytes } = await signer.sign(message, { purpose: "file" });
    const broken: Source = {
      ...message,
      open: () => new ReadableStream({ start: (c) => c.error(new Error("disk on fire")) }),
    };
    await expect(scheme.check(broken, bytes, keys, { purpose: "file" })).rejects.toThrow("disk on fire");
    await expect(signer.sign(broken, { purpose: "file" })).rejects.toThrow("disk on fire");
    const longer: Source = { ...message, size: message.size + 1 };
    await expect(scheme.check(longer, bytes, keys, { purpose: "file" })).rejects.toMatchObject({
      code: "FILE_CHANGED",
    });
    await expect(signer.sign(longer, { purpose: "file" })).rejects.toMatchObject({ code: "FILE_CHANGED" });
  });
});
