/** SSH signatures that real ssh-keygen made once (vectors), and what becomes of them when they are changed. */

import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  bytesSource,
  concatBytes,
  type Purpose,
  type SignatureFacts,
  type Source,
  sha256,
  sha512,
  toBase64,
  utf8,
} from "@countersign/core";
import { describe, expect, test } from "vitest";
import { sshScheme } from "../src/index.ts";
import { formatString } from "../src/wire.ts";

const scheme = sshScheme();
const read = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`vectors/${name}`, import.meta.url)));
const message = bytesSource("message.txt", read("message.txt"));

async function checkVector(
  name: string,
  options: { key?: string; purpose?: Purpose; message?: Source; line?: string } = {},
): Promise<SignatureFacts> {
  const keys = await scheme.parseKeys(
    options.line === undefined ? read(`${options.key ?? name}.pub`) : utf8(options.line),
  );
  const facts = await scheme.check(options.message ?? message, read(`${name}.sshsig`), keys, {
    purpose: options.purpose ?? "file",
  });
  expect(facts).toHaveLength(1);
  return facts[0] as SignatureFacts;
}

const armor = (blob: Uint8Array): Uint8Array =>
  utf8(`-----BEGIN SSH SIGNATURE-----\n${toBase64(blob)}\n-----END SSH SIGNATURE-----\n`);

describe("signatures by ssh-keygen", () => {
  for (const name of ["ed25519", "rsa-2048", "rsa-3072", "p256", "p384", "p521"])
    test(`${name} is good; over other bytes it is bad; by another's key it is unknown`, async () => {
      expect(scheme.recognises(read(`${name}.sshsig`))).toBe(true);
      const facts = await checkVector(name);
      expect(facts).toMatchObject({ outcome: "good", validity: {} });
      expect(facts.key).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
      expect(facts.fingerprint).toBe(facts.key);
      const other = bytesSource("message.txt", utf8("The quick brown cat\n"));
      const bad = await checkVector(name, { message: other });
      expect(bad).toMatchObject({ outcome: "bad", code: "SIGNATURE_BAD", fingerprint: facts.key });
      expect(bad.key).toBeUndefined();
      const stranger = await checkVector(name, { key: name === "p256" ? "p384" : "p256" });
      expect(stranger).toMatchObject({ outcome: "cannot-judge", code: "KEY_UNKNOWN" });
    });

  test("sha256 as digest is good, also where the source hashes itself", async () => {
    expect((await checkVector("ed25519-sha256", { key: "ed25519" })).outcome).toBe("good");
    const own: Source = { ...message, sha256: async () => sha256(read("message.txt")) };
    expect((await checkVector("ed25519-sha256", { key: "ed25519", message: own })).outcome).toBe("good");
  });

  test("RSA with 1024 bits cannot be judged", async () => {
    expect(await checkVector("rsa-1024")).toMatchObject({ outcome: "cannot-judge", code: "KEY_WEAK" });
  });

  test("a signature counts in the namespace of its purpose only", async () => {
    const made = { tag: "-git", release: "-countersign-release", rebuild: "-countersign-rebuild", file: "" };
    for (const [purpose, ending] of Object.entries(made))
      for (const asked of Object.keys(made) as Purpose[]) {
        const facts = await checkVector(`ed25519${ending}`, { key: "ed25519", purpose: asked });
        if (asked === purpose) expect(facts.outcome).toBe("good");
        else expect(facts).toMatchObject({ outcome: "bad", code: "SIGNATURE_PURPOSE" });
      }
  });
});

describe("allowed signers", () => {
  const pub = new TextDecoder().decode(read("ed25519.pub")).trim();

  test("options limit namespaces, with patterns", async () => {
    const outcome = async (namespaces: string): Promise<string> =>
      (await checkVector("ed25519", { line: `me@example.org namespaces="${namespaces}" ${pub}` })).outcome;
    for (const good of ["file", "git,file", "f*", "*", "fi?e", "*,!git"])
      expect(await outcome(good)).toBe("good");
    for (const bad of ["git", "fil", "file2", "*,!file", "!file", "f?e"])
      expect(await outcome(bad)).toBe("bad");
    const facts = await checkVector("ed25519", { line: `me namespaces="git" ${pub}` });
    expect(facts).toMatchObject({ code: "SIGNATURE_PURPOSE" });
  });

  test("periods are reported, not judged", async () => {
    const line = `"Mara <mara@example.org>,m" valid-after="20200101Z",valid-before="202101020304Z",namespaces="file" ${pub}`;
    expect(await checkVector("ed25519", { line })).toMatchObject({
      outcome: "good",
      validity: { from: new Date("2020-01-01T00:00:00Z"), until: new Date("2021-01-02T03:04:00Z") },
    });
    const [key] = await scheme.parseKeys(utf8(line));
    expect(key?.labels).toEqual(["Mara <mara@example.org>", "m", "ed25519@example.org"]);
  });

  test("comments, blank lines, CRLF and several keys are read; a key twice is one key", async () => {
    const p256 = new TextDecoder().decode(read("p256.pub")).trim();
    const keys = await scheme.parseKeys(utf8(`# keys\r\n\r\n${pub}\r\nme ${p256}\r\nyou ${p256}\r\n`));
    expect(keys.map(({ labels }) => labels)).toEqual([
      ["ed25519@example.org"],
      ["me", "p256@example.org", "you"],
    ]);
  });

  const [type, base64] = pub.split(" ") as [string, string];
  const refused: Record<string, string> = {
    nothing: "",
    "comments only": "# none\n",
    junk: "hello world",
    "a secret key": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n",
    "a certificate authority": `*@example.org cert-authority ${pub}`,
    "an unknown option": `me no-touch-required ${pub}`,
    "an option twice": `me namespaces="git",namespaces="file" ${pub}`,
    "an option without value": `me namespaces ${pub}`,
    "an empty value": `me namespaces="" ${pub}`,
    "an unclosed quote": `me namespaces="git ${pub}`,
    "a trailing word in options": `me namespaces="git"x ${pub}`,
    "a time without zone": `me valid-after="20200101" ${pub}`,
    "a date that is none": `me valid-after="20200231Z" ${pub}`,
    "a key of another type than it says": `ssh-rsa ${base64}`,
    "an unknown type": "ssh-dss AAAAB3NzaC1kc3M=",
    "a truncated key": `${type} ${base64.slice(0, 64)}`,
    "no base64": `${type} !!!!`,
    "the same key allowed two things": `me namespaces="git" ${pub}\nme namespaces="file" ${pub}`,
    "bytes that are no text": "\u0000",
  };
  for (const [name, text] of Object.entries(refused))
    test(`${name} is refused`, async () => {
      await expect(scheme.parseKeys(utf8(text))).rejects.toMatchObject({ code: "KEY_MALFORMED" });
    });
});

describe("attacks on a signature", () => {
  test("every bit of it flipped: never good, never a throw", async () => {
    for (const name of ["ed25519", "p256"]) {
      const keys = await scheme.parseKeys(read(`${name}.pub`));
      const text = new TextDecoder().decode(read(`${name}.sshsig`));
      const blob = new Uint8Array(Buffer.from(text.split("\n").slice(1, -2).join(""), "base64"));
      for (let bit = 0; bit < blob.length * 8; bit++) {
        const flipped = blob.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const [facts] = await scheme.check(message, armor(flipped), keys, { purpose: "file" });
        expect(facts?.outcome, `bit ${bit} of ${name}`).not.toBe("good");
      }
      const [facts] = await scheme.check(message, armor(blob), keys, { purpose: "file" });
      expect(facts?.outcome).toBe("good");
    }
  });

  test("every byte of its armor changed: never good, never a throw", async () => {
    const keys = await scheme.parseKeys(read("ed25519.pub"));
    const bytes = read("ed25519.sshsig");
    for (let at = 0; at < bytes.length - 1; at++)
      for (const mask of [1, 2, 32, 128]) {
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] ?? 0) ^ mask;
        const [facts] = await scheme.check(message, flipped, keys, { purpose: "file" });
        expect(facts?.outcome, `byte ${at}`).not.toBe("good");
      }
  });

  test("cut short, padded, empty, huge and doubled: malformed", async () => {
    const keys = await scheme.parseKeys(read("ed25519.pub"));
    const bytes = read("ed25519.sshsig");
    const cases = [
      new Uint8Array(0),
      utf8("x"),
      concatBytes(bytes, bytes),
      concatBytes(bytes, utf8("x")),
      new Uint8Array(70_000),
    ];
    for (let length = 0; length < bytes.length - 1; length += 7) cases.push(bytes.subarray(0, length));
    for (const bad of cases) {
      const facts = await scheme.check(message, bad, keys, { purpose: "file" });
      expect(facts).toMatchObject([{ outcome: "cannot-judge", code: "SIGNATURE_MALFORMED" }]);
    }
    expect(scheme.recognises(new Uint8Array(0))).toBe(false);
  });

  test("a message of another size than it says is an error, not a verdict", async () => {
    const longer: Source = { ...message, size: message.size + 1 };
    await expect(checkVector("ed25519", { message: longer })).rejects.toMatchObject({ code: "FILE_CHANGED" });
  });
});

describe("keys on a security token", () => {
  const cases = {
    "sk-ssh-ed25519@openssh.com": "ed25519",
    "sk-ecdsa-sha2-nistp256@openssh.com": "p256",
  } as const;

  /** What a token does, in software. */
  function tokenSignature(type: keyof typeof cases, flags: number): { line: string; signature: Uint8Array } {
    const isEd = cases[type] === "ed25519";
    const pair = isEd ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = pair.publicKey.export({ format: "jwk" });
    const coordinate = (text = ""): Buffer => Buffer.from(text, "base64url");
    const body = isEd
      ? [formatString(coordinate(jwk.x))]
      : [
          formatString("nistp256"),
          formatString(Buffer.concat([Buffer.of(4), coordinate(jwk.x), coordinate(jwk.y)])),
        ];
    const application = "ssh:";
    const publicKey = concatBytes(formatString(type), ...body, formatString(application));
    const head = [formatString("file"), formatString(""), formatString("sha512")];
    const signed = concatBytes(utf8("SSHSIG"), ...head, formatString(sha512(read("message.txt"))));
    const counter = Uint8Array.of(0, 0, 0, 7);
    const covered = concatBytes(sha256(utf8(application)), Uint8Array.of(flags), counter, sha256(signed));
    const raw = isEd
      ? sign(null, covered, pair.privateKey)
      : sign("sha256", covered, { key: pair.privateKey, dsaEncoding: "ieee-p1363" });
    const mpint = (bytes: Uint8Array): Uint8Array => {
      let start = 0;
      while (bytes[start] === 0) start++;
      const short = bytes.subarray(start);
      return formatString((short[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), short) : short);
    };
    const value = isEd ? raw : concatBytes(mpint(raw.subarray(0, 32)), mpint(raw.subarray(32)));
    const inner = concatBytes(formatString(type), formatString(value), Uint8Array.of(flags), counter);
    const outer = concatBytes(
      utf8("SSHSIG"),
      Uint8Array.of(0, 0, 0, 1),
      formatString(publicKey),
      ...head,
      formatString(inner),
    );
    return { line: `${type} ${toBase64(publicKey)} token`, signature: armor(outer) };
  }

  for (const type of Object.keys(cases) as (keyof typeof cases)[])
    test(`${type} is good when touched, and only then`, async () => {
      const touched = tokenSignature(type, 1);
      const keys = await scheme.parseKeys(utf8(touched.line));
      expect(await scheme.check(message, touched.signature, keys, { purpose: "file" })).toMatchObject([
        { outcome: "good" },
      ]);
      const other = bytesSource("other", utf8("other"));
      expect(await scheme.check(other, touched.signature, keys, { purpose: "file" })).toMatchObject([
        { outcome: "bad" },
      ]);
      const untouched = tokenSignature(type, 0);
      const [facts] = await scheme.check(
        message,
        untouched.signature,
        await scheme.parseKeys(utf8(untouched.line)),
        { purpose: "file" },
      );
      expect(facts).toMatchObject({ outcome: "cannot-judge", code: "SIGNATURE_UNJUDGED" });
    });
});
