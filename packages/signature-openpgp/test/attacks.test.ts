/** Signatures and keys that somebody tampered with: never good, and never a throw. */

import { concatBytes, toHex, utf8 } from "@countersign/core";
import * as openpgp from "openpgp";
import { describe, expect, test } from "vitest";
import { checkBytes, dearmor, message, readKeys, readVector, scheme } from "./vectors.ts";

const date = new Date("2026-01-02T03:04:05Z");
const bytes = dearmor(readVector("ed25519.asc"));

function armored(binary: Uint8Array): Uint8Array {
  return utf8(
    `-----BEGIN PGP SIGNATURE-----\n\n${Buffer.from(binary).toString("base64")}\n-----END PGP SIGNATURE-----\n`,
  );
}

async function outcomes(
  signature: Uint8Array,
  ...names: readonly string[]
): Promise<readonly (string | undefined)[]> {
  const facts = await checkBytes(signature, await readKeys(...names));
  expect(facts.length).toBeGreaterThan(0);
  return facts.map(({ outcome, code }) => code ?? outcome);
}

/** The library's own form of a vector's key. */
async function nativeKey(name: string): Promise<openpgp.Key> {
  const [key] = await readKeys(name);
  return (key as unknown as { native: [openpgp.Key] }).native[0];
}

/** `SignaturePacket.sign` with the argument that its types leave out. */
async function signPacket(
  signature: openpgp.SignaturePacket,
  key: openpgp.PrivateKey,
  data: object,
): Promise<void> {
  signature.rawNotations = [];
  const sign = signature.sign as unknown as (...all: readonly unknown[]) => Promise<void>;
  await sign.call(signature, key.keyPacket, data, date, true, openpgp.config);
}

/** A packet in the new format with a length of five octets. */
function packet(tag: number, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(6);
  head[0] = 0xc0 | tag;
  head[1] = 0xff;
  new DataView(head.buffer).setUint32(2, body.length);
  return concatBytes(head, body);
}

describe("a changed signature", () => {
  for (const name of ["ed25519", "nistp256"])
    test(`every bit of ${name} flipped, binary`, async () => {
      const keys = await readKeys(name);
      const whole = dearmor(readVector(`${name}.asc`));
      expect(await checkBytes(whole, keys)).toMatchObject([{ outcome: "good" }]);
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const flipped = whole.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const facts = await checkBytes(flipped, keys);
        expect(facts.length).toBeGreaterThan(0);
        for (const { outcome, key } of facts) {
          expect(outcome, `bit ${bit}`).not.toBe("good");
          expect(key).toBeUndefined();
        }
      }
    });

  test("every character of its armor changed", async () => {
    const keys = await readKeys("ed25519");
    const text = readVector("ed25519.asc");
    for (let at = 0; at < text.length; at++)
      for (const mask of [1, 4, 32, 128]) {
        const flipped = text.slice();
        flipped[at] = (flipped[at] ?? 0) ^ mask;
        const [facts] = await checkBytes(flipped, keys);
        // The last line end, the blank line and the sum's sign are no part of the signature.
        if (facts?.outcome === "good") expect(toHex(text.subarray(at, at + 1))).toMatch(/^(?:0a|3d)$/);
      }
  });

  test("cut short anywhere, padded, doubled, empty, huge, of junk", async () => {
    const keys = await readKeys("ed25519");
    for (let length = 0; length < bytes.length; length++)
      for (const form of [bytes.subarray(0, length), armored(bytes.subarray(0, length))]) {
        const facts = await checkBytes(form, keys);
        expect(facts).toMatchObject([{ outcome: "cannot-judge", code: "SIGNATURE_MALFORMED" }]);
      }
    const others = [
      concatBytes(bytes, Uint8Array.of(0)),
      utf8("junk"),
      utf8("-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n"),
      utf8("-----BEGIN PGP SIGNATURE-----\n\n!!!!\n-----END PGP SIGNATURE-----\n"),
      readVector("ed25519.pub.asc"),
      utf8(
        `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx\n${new TextDecoder().decode(readVector("ed25519.asc"))}`,
      ),
      new Uint8Array(300_000).fill(0x88),
      concatBytes(...Array.from({ length: 17 }, () => bytes)),
      packet(8, bytes),
      Uint8Array.of(0xc2, 0xff, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x8b, 4, 0),
    ];
    for (const form of others)
      expect(await checkBytes(form, keys), `${others.indexOf(form)}`).toMatchObject([
        { outcome: "cannot-judge", code: "SIGNATURE_MALFORMED" },
      ]);
  });

  test("of version 3 or 5, or by an unknown algorithm, it cannot be judged and is not dropped", async () => {
    const v3 = packet(
      2,
      concatBytes(
        Uint8Array.of(3, 5, 0, 0x69, 0, 0, 0),
        new Uint8Array(8),
        Uint8Array.of(1, 8, 0, 0, 0, 1, 1),
      ),
    );
    expect(await outcomes(v3, "ed25519")).toEqual(["SIGNATURE_UNJUDGED"]);
    expect(await outcomes(concatBytes(v3, bytes), "ed25519")).toEqual(["SIGNATURE_UNJUDGED", "good"]);
    const body = bytes.subarray(2);
    for (const [at, value] of [
      [0, 5],
      [2, 99],
      [3, 99],
    ] as const) {
      const changed = body.slice();
      changed[at] = value;
      expect(await outcomes(packet(2, changed), "ed25519")).toEqual(["SIGNATURE_UNJUDGED"]);
    }
  });

  test("a signature of another kind is refused, though the key did make it", async () => {
    const primary = await nativeKey("ed25519");
    const certification = primary.users[0]?.selfCertifications[0]?.write() ?? new Uint8Array(0);
    expect(await outcomes(packet(2, certification), "ed25519")).toEqual(["SIGNATURE_PURPOSE"]);
    const binding = (await nativeKey("subkey")).subkeys[0]?.bindingSignatures[0]?.write();
    expect(await outcomes(packet(2, binding ?? new Uint8Array(0)), "subkey")).toEqual(["SIGNATURE_PURPOSE"]);
  });

  test("nothing may hide outside the signed part", async () => {
    // Length of the unsigned part: the issuer's ten bytes, and now a notation behind them.
    const body = bytes.subarray(2);
    const hashed = 6 + ((body[4] ?? 0) << 8) + (body[5] ?? 0);
    const notation = Uint8Array.of(11, 20, 0x80, 0, 0, 0, 0, 1, 0, 1, 0x61, 0x62);
    const unsigned = concatBytes(body.subarray(hashed + 2, hashed + 12), notation);
    const changed = concatBytes(
      body.subarray(0, hashed),
      Uint8Array.of(0, unsigned.length),
      unsigned,
      body.subarray(hashed + 12),
    );
    expect(await outcomes(packet(2, changed), "ed25519")).toEqual(["SIGNATURE_UNJUDGED"]);
  });
});

describe("a key", () => {
  interface Made {
    readonly key: openpgp.PrivateKey;
    readonly signature: Uint8Array;
  }

  async function make(subkeys: openpgp.SubkeyOptions[]): Promise<Made> {
    const options = {
      type: "ecc",
      curve: "ed25519Legacy",
      userIDs: { name: "Mara" },
      date,
      format: "object",
    } as const;
    const { privateKey: key } = await openpgp.generateKey({ ...options, subkeys });
    const text = await openpgp.createMessage({ binary: await readAllOf() });
    const signature = await openpgp.sign({
      message: text,
      signingKeys: key,
      detached: true,
      date,
      format: "binary",
    });
    return { key, signature: signature as Uint8Array };
  }

  async function readAllOf(): Promise<Uint8Array> {
    return readVector(message.name);
  }

  async function facts(key: Uint8Array, signature: Uint8Array): Promise<unknown> {
    return checkBytes(signature, await scheme.parseKeys(key));
  }

  test("whose subkey did not sign its binding is not believed", async () => {
    const { key, signature } = await make([{ sign: true }]);
    expect(await facts(key.toPublic().write(), signature)).toMatchObject([{ outcome: "good" }]);
    const binding = key.subkeys[0]?.bindingSignatures[0];
    if (binding === undefined) throw new Error("no binding");
    binding.embeddedSignature = null;
    await signPacket(binding, key, { key: key.keyPacket, bind: key.subkeys[0]?.keyPacket });
    expect(await facts(key.toPublic().write(), signature)).toMatchObject([
      {
        outcome: "cannot-judge",
        code: "KEY_UNKNOWN",
        reason: expect.stringContaining("did not sign its binding"),
      },
    ]);
  });

  test("that took another's subkey into itself is not believed", async () => {
    const victim = await make([{ sign: true }]);
    const thief = await make([{ sign: true }]);
    const stolen = victim.key.toPublic().toPacketList().slice(-2);
    const own = thief.key.toPublic().toPacketList();
    // The victim's subkey with the victim's binding, and with the thief's own binding of another subkey.
    const tail = [own.at(-1)].filter((one) => one !== undefined);
    for (const extra of [[...stolen], [...stolen.slice(0, 1), ...tail]]) {
      const forged = concatBytes(
        own.write(),
        ...extra.map((one) => packet(one instanceof openpgp.SignaturePacket ? 2 : 14, one.write())),
      );
      expect(await facts(forged, victim.signature)).toMatchObject([
        { outcome: "cannot-judge", code: "KEY_UNKNOWN" },
      ]);
    }
  });

  test("without a valid signature of its own is not believed", async () => {
    const { key, signature } = await make([]);
    const list = key.toPublic().toPacketList();
    const bare = concatBytes(...[...list].slice(0, 2).map((one, i) => packet(i === 0 ? 6 : 13, one.write())));
    const result = await scheme.parseKeys(bare).then(
      (keys) => checkBytes(signature, keys),
      (error: { code: string }) => [{ outcome: "cannot-judge", code: error.code }],
    );
    expect(result).toMatchObject([{ outcome: "cannot-judge" }]);
    const other = await make([]);
    const swapped = concatBytes(
      bare,
      packet(2, [...other.key.toPublic().toPacketList()].at(-1)?.write() ?? new Uint8Array(0)),
    );
    expect((await checkBytes(signature, await scheme.parseKeys(swapped)))[0]?.outcome).toBe("cannot-judge");
  });

  test("that is not for signing is not believed", async () => {
    const { key } = await make([{ sign: false }]);
    const flags = key.users[0]?.selfCertifications[0];
    if (flags === undefined) throw new Error("no self-certification");
    // A key that only certifies, and a signature that its secret half makes anyway.
    flags.keyFlags = new Uint8Array([1]);
    const data = { userID: key.users[0]?.userID, key: key.keyPacket };
    await signPacket(flags, key, data);
    const signature = new openpgp.SignaturePacket();
    Object.assign(signature, {
      signatureType: 0,
      publicKeyAlgorithm: key.keyPacket.algorithm,
      hashAlgorithm: 10,
    });
    await signPacket(signature, key, { text: null, getBytes: () => readVector("message.txt") });
    expect(await facts(key.toPublic().write(), packet(2, signature.write()))).toMatchObject([
      {
        outcome: "cannot-judge",
        code: "SIGNATURE_UNJUDGED",
        reason: expect.stringContaining("not for signing"),
      },
    ]);
  });

  test("of version 6 signs as well", async () => {
    const { privateKey: key } = await openpgp.generateKey({
      type: "curve25519",
      userIDs: { name: "Mara" },
      date,
      format: "object",
      config: { v6Keys: true },
    });
    const text = await openpgp.createMessage({ binary: readVector("message.txt") });
    const signature = await openpgp.sign({
      message: text,
      signingKeys: key,
      detached: true,
      date,
      format: "binary",
    });
    expect(await facts(key.toPublic().write(), signature as Uint8Array)).toMatchObject([
      { outcome: "good", key: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });

  test("with every byte changed makes nothing good that is not", async () => {
    const key = dearmor(readVector("ed25519.pub.asc"));
    const [{ id } = { id: "" }] = await readKeys("ed25519");
    for (let at = 0; at < key.length; at++) {
      const flipped = key.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x11;
      const keys = await scheme.parseKeys(flipped).catch((error: { code?: string }) => {
        expect(error.code).toBe("KEY_MALFORMED");
        return [];
      });
      const [found] = await checkBytes(bytes, keys);
      // Whatever the damage, only the very key can be the one that made it.
      if (found?.outcome === "good") expect(found.key).toBe(id);
    }
  });
});
