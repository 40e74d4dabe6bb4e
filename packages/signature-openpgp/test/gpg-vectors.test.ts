/** Signatures that GnuPG made once: what we say of each. */

import { bytesSource, concatBytes, type SignatureFacts, utf8 } from "@countersign/core";
import { describe, expect, test } from "vitest";
import { checkBytes, dearmor, message, readKeys, readVector, scheme } from "./vectors.ts";

const made = new Date("2026-01-02T03:04:05Z");
const signed = new Date("2026-02-03T04:05:06Z");
const revoked = new Date("2026-03-04T05:06:07Z");

async function checkVector(name: string, key: string = name): Promise<SignatureFacts> {
  const facts = await checkBytes(readVector(`${name}.asc`), await readKeys(key));
  expect(facts).toHaveLength(1);
  return facts[0] as SignatureFacts;
}

describe("good signatures", () => {
  const cases: readonly (readonly [string, string])[] = [
    ...["rsa2048", "rsa4096", "ed25519", "nistp256", "nistp384", "nistp521"].map((n) => [n, n] as const),
    ["sha224", "rsa2048"],
    ["sha384", "rsa2048"],
    ["notation", "ed25519"],
    ["text", "ed25519"],
  ];
  for (const [name, key] of cases)
    test(`${name}, armored and binary; other bytes are bad`, async () => {
      const [{ id } = { id: "" }] = await readKeys(key);
      const good = {
        outcome: "good",
        key: id,
        fingerprint: id,
        claimedTime: signed,
        validity: { from: made },
      };
      expect(await checkVector(name, key)).toEqual(good);
      const binary = dearmor(readVector(`${name}.asc`));
      expect(scheme.recognises(binary) && scheme.recognises(readVector(`${name}.asc`))).toBe(true);
      expect(await checkBytes(binary, await readKeys(key))).toEqual([good]);
      const other = bytesSource("other", utf8("The quick brown cat\n"));
      const [bad] = await checkBytes(binary, await readKeys(key), other);
      expect(bad).toMatchObject({ outcome: "bad", code: "SIGNATURE_BAD", fingerprint: id });
      expect(bad?.key).toBeUndefined();
    });

  test("a subkey's signature names its primary key, and the narrower period", async () => {
    const facts = await checkVector("subkey");
    const [key] = await readKeys("subkey");
    expect(facts).toMatchObject({ outcome: "good", key: key?.id, validity: { from: made } });
    expect(facts.fingerprint).not.toBe(facts.key);
    expect(facts.validity?.until?.toISOString()).toMatch(/^202[78]-/);
  });

  test("text mode holds for any line ends, binary does not", async () => {
    const text = new TextDecoder().decode(readVector("message.txt"));
    const crlf = bytesSource("crlf", utf8(text.replace(/\r?\n/g, "\r\n")));
    expect(await checkBytes(readVector("text.asc"), await readKeys("ed25519"), crlf)).toMatchObject([
      { outcome: "good" },
    ]);
    expect(await checkBytes(readVector("ed25519.asc"), await readKeys("ed25519"), crlf)).toMatchObject([
      { outcome: "bad" },
    ]);
    // One byte at a time: a line end may fall between two chunks.
    const bytes = readVector("message.txt");
    const dribble = {
      ...message,
      open: () =>
        new ReadableStream<Uint8Array>({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
        }),
    };
    expect(await checkBytes(readVector("text.asc"), await readKeys("ed25519"), dribble)).toMatchObject([
      { outcome: "good" },
    ]);
  });

  test("two signers are two facts; one key at hand judges one of them", async () => {
    const file = readVector("two-signers.asc");
    expect(await checkBytes(file, await readKeys("ed25519", "rsa2048"))).toMatchObject([
      { outcome: "good" },
      { outcome: "good" },
    ]);
    const facts = await checkBytes(file, await readKeys("ed25519"));
    expect(facts.map(({ outcome }) => outcome).sort()).toEqual(["cannot-judge", "good"]);
    expect(facts.find(({ outcome }) => outcome !== "good")?.code).toBe("KEY_UNKNOWN");
    const blocks = concatBytes(readVector("ed25519.asc"), utf8("\n"), readVector("rsa2048.asc"));
    expect(await checkBytes(blocks, await readKeys("ed25519", "rsa2048"))).toMatchObject([
      { outcome: "good" },
      { outcome: "good" },
    ]);
  });
});

describe("time is reported and not judged", () => {
  test("expired keys and signatures", async () => {
    const key = await checkVector("expired");
    expect(key.outcome).toBe("good");
    expect(key.validity?.until?.toISOString()).toMatch(/^2026-0[56]-/);
    const signature = await checkVector("signature-expires", "ed25519");
    expect(signature).toMatchObject({
      outcome: "good",
      expires: new Date(signed.getTime() + 30 * 86_400_000),
    });
  });

  const reasons = ["unspecified", "compromised", "superseded", "retired"] as const;
  for (const [number, reason] of reasons.entries())
    test(`a key revoked as ${reason}`, async () => {
      expect(await checkVector(`revoked-${number}`)).toMatchObject({
        outcome: "good",
        validity: { from: made, revoked: { reason, at: revoked } },
      });
    });

  test("a revoked subkey", async () => {
    expect(await checkVector("revoked-subkey")).toMatchObject({
      outcome: "good",
      validity: { revoked: { reason: "retired", at: revoked } },
    });
  });

  test("a revocation in any copy of a key counts", async () => {
    // The same key without its revocation, as someone may have it who has not heard of it.
    const bytes = dearmor(readVector("revoked-1.pub.asc"));
    const at = 2 + (bytes[1] ?? 0);
    const length = 2 + (bytes[at + 1] ?? 0);
    const without = concatBytes(bytes.subarray(0, at), bytes.subarray(at + length));
    const [fresh] = await scheme.parseKeys(without);
    const file = readVector("revoked-1.asc");
    const alone = await checkBytes(file, fresh ? [fresh] : []);
    expect(alone).toMatchObject([{ outcome: "good" }]);
    expect(alone[0]?.validity?.revoked).toBeUndefined();
    const [known] = await readKeys("revoked-1");
    for (const keys of [
      [fresh, known],
      [known, fresh],
    ])
      expect(
        await checkBytes(
          file,
          keys.flatMap((key) => key ?? []),
        ),
      ).toMatchObject([{ outcome: "good", validity: { revoked: { reason: "compromised" } } }]);
    const both = await scheme.parseKeys(concatBytes(without, bytes));
    expect(both).toHaveLength(1);
    expect((await checkBytes(file, both))[0]?.validity?.revoked?.reason).toBe("compromised");
  });
});

describe("what cannot be judged", () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ["rsa1024", "rsa1024", "KEY_WEAK", /1024/],
    ["sha1", "rsa2048", "KEY_WEAK", /SHA-1/],
    ["ripemd160", "rsa2048", "KEY_WEAK", /RIPEMD/],
    ["dsa2048", "dsa2048", "SIGNATURE_UNJUDGED", /dsa/],
    ["brainpool", "brainpool", "SIGNATURE_UNJUDGED", /brainpool/],
    ["critical-notation", "ed25519", "SIGNATURE_UNJUDGED", /critical notation "note@example.org"/],
    ["ed25519", "nistp256", "KEY_UNKNOWN", /none of the given keys/],
  ];
  for (const [name, key, code, reason] of cases)
    test(`${name} by ${key}: ${code}`, async () => {
      expect(await checkVector(name, key)).toMatchObject({
        outcome: "cannot-judge",
        code,
        reason: expect.stringMatching(reason),
        claimedTime: signed,
      });
    });
});

describe("keyrings", () => {
  test("every armored block, junk between, CRLF, binary, and one file of all", async () => {
    const names = ["ed25519", "rsa2048", "brainpool"] as const;
    const texts = names.map((name) => new TextDecoder().decode(readVector(`${name}.pub.asc`)));
    const ids = (await readKeys(...names)).map(({ id }) => id);
    const forms = [
      texts.join(""),
      `Keys of the project\n\n${texts.join("\npub   ed25519 2026-01-02\n\n")}\n-- \nend\n`,
      texts.join("\n").replaceAll("\n", "\r\n"),
      texts.join("\n").replaceAll("PUBLIC KEY BLOCK", "ARMORED FILE"),
      `\ufeff${texts.join("\n")}`,
    ].map(utf8);
    forms.push(concatBytes(...names.map((name) => dearmor(readVector(`${name}.pub.asc`)))));
    for (const form of forms) expect((await scheme.parseKeys(form)).map(({ id }) => id)).toEqual(ids);
    const [key] = await readKeys("ed25519");
    expect(key).toMatchObject({ scheme: "openpgp", labels: ["ed25519 <ed25519@example.org>"] });
    expect(key?.id).toMatch(/^[0-9a-f]{40}$/);
  });

  test("keys of version 3 are left out, whatever stands first", async () => {
    const old = Uint8Array.of(0x99, 0, 13, 3, 0x30, 0, 0, 0, 0, 0, 1, 0, 8, 0xff, 0, 0);
    const good = dearmor(readVector("ed25519.pub.asc"));
    expect(await scheme.parseKeys(concatBytes(old, good))).toHaveLength(1);
    await expect(scheme.parseKeys(old)).rejects.toMatchObject({ code: "KEY_MALFORMED" });
  });

  test("what is damaged, empty, huge or something else is refused", async () => {
    const text = readVector("ed25519.pub.asc");
    const binary = dearmor(text);
    const bad = [
      new Uint8Array(0),
      utf8("no key here"),
      readVector("ed25519.asc"),
      text.subarray(0, 300),
      binary.subarray(0, 100),
      concatBytes(binary, Uint8Array.of(0)),
      utf8(new TextDecoder().decode(text).replace(/\n=..../, "\n=AAAA")),
      new Uint8Array((4 << 20) + 1),
      concatBytes(...Array.from({ length: 1001 }, () => binary)),
    ];
    for (const bytes of bad)
      await expect(scheme.parseKeys(bytes), `${bad.indexOf(bytes)}`).rejects.toMatchObject({
        code: "KEY_MALFORMED",
      });
  });
});
