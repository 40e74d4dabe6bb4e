/** Every file of a release, and every field in it: changed, cut, emptied, swapped. None of it is ever verified. */

import {
  bytesSource,
  concatBytes,
  type Expected,
  formatBundle,
  fromBase64,
  inspectRelease,
  isCountersignError,
  type Policy,
  parseBundle,
  type Report,
  readEvidence,
  toBase64,
  utf8,
} from "@countersign/core";
import { adapters } from "@countersign/node";
import { beforeAll, describe, expect, test } from "vitest";
import { type Files, makeLog, makeRelease, makeWorld, namedOf, now, type World } from "./support/release.ts";

const project = "https://example.org/foo";
const bundleName = "foo-1.0.countersign.json";
const artifact = "foo-1.0.bin";

let world: World;
let good: Files;
let policy: Policy;
let otherVersion: Files;
let otherProject: Files;

beforeAll(async () => {
  world = await makeWorld();
  ({ files: good, policy } = await makeRelease(world, { project, name: "foo", version: "1.0" }));
  ({ files: otherVersion } = await makeRelease(world, { project, name: "foo", version: "1.1" }));
  ({ files: otherProject } = await makeRelease(world, {
    project: "https://example.org/bar",
    name: "foo",
    version: "1.0",
  }));
});

/** What a user has: the artifact and the bundle beside it. */
const atHand = (): Map<string, Uint8Array> =>
  new Map([artifact, bundleName].map((name) => [name, get(good, name)]));

function get(files: Files, name: string): Uint8Array {
  const bytes = files.get(name);
  if (!bytes) throw new TypeError(`no ${name} among ${[...files.keys()].join(", ")}`);
  return bytes;
}

/** The verdict's code; "verified" when it holds. */
async function verdict(
  files: Files,
  options: { expect?: Expected; names?: readonly string[] } = {},
): Promise<string> {
  return (await report(files, options))?.code ?? "verified";
}

async function report(
  files: Files,
  { expect: expected = {}, names = [artifact] }: { expect?: Expected; names?: readonly string[] } = {},
): Promise<Pick<Report, "code" | "ignored" | "verified"> | undefined> {
  try {
    const { bundles } = await readEvidence(namedOf(files));
    const sources = names.map((name) => bytesSource(name, get(files, name)));
    return await inspectRelease({ policy, adapters, now, expect: expected, bundles, files: sources });
  } catch (error) {
    if (!isCountersignError(error)) throw error;
    return { code: error.code, verified: false, ignored: [] };
  }
}

type Document = {
  manifest: { name: string; data: string };
  statement: { name: string; data: string };
  signatures: { name: string; data: string }[];
  records: { record: string; proof: string }[];
  [key: string]: unknown;
};

/** The bundle with one change. */
function withBundle(change: (document: Document) => void): Map<string, Uint8Array> {
  const files = atHand();
  const document = JSON.parse(new TextDecoder().decode(get(files, bundleName))) as Document;
  change(document);
  return files.set(bundleName, utf8(JSON.stringify(document)));
}

const text = (data: string): string => new TextDecoder().decode(fromBase64(data) ?? new Uint8Array());
const data = (content: string): string => toBase64(utf8(content));
const flip = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

test("the release holds before anything is changed", async () => {
  expect(await verdict(atHand())).toBe("verified");
});

describe("an artifact", () => {
  test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ["changed", (bytes) => flip(bytes, 3), "ARTIFACT_MISMATCH"],
    ["truncated", (bytes) => bytes.subarray(0, -1), "ARTIFACT_SIZE"],
    ["empty", () => new Uint8Array(), "ARTIFACT_SIZE"],
    ["padded", (bytes) => concatBytes(bytes, utf8("\n")), "ARTIFACT_SIZE"],
    ["huge", (bytes) => concatBytes(bytes, new Uint8Array(1 << 20)), "ARTIFACT_SIZE"],
    ["of another version", () => get(otherVersion, "foo-1.1.bin"), "ARTIFACT_MISMATCH"],
  ])("%s is refused", async (_, change, code) => {
    expect(await verdict(atHand().set(artifact, change(get(good, artifact))))).toBe(code);
  });

  test("with another artifact's bytes is refused", async () => {
    const { files } = await makeRelease(world, {
      project,
      name: "foo",
      version: "1.2",
      artifacts: { ".a": utf8("one"), ".b": utf8("two") },
    });
    const swapped = new Map(files).set("foo-1.2.a", get(files, "foo-1.2.b"));
    expect(await verdict(swapped, { names: ["foo-1.2.a"] })).toBe("ARTIFACT_RENAMED");
  });

  test("that no release names is refused", async () => {
    expect(await verdict(atHand().set("evil.bin", utf8("x")), { names: ["evil.bin"] })).toBe(
      "ARTIFACT_UNKNOWN",
    );
  });

  test("is needed: evidence alone verifies nothing", async () => {
    expect(await verdict(atHand(), { names: [] })).toBe("NOTHING_VERIFIED");
  });
});

describe("the bundle", () => {
  test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ["empty", () => new Uint8Array(), "JSON_MALFORMED"],
    ["truncated", (bytes) => bytes.subarray(0, -3), "JSON_MALFORMED"],
    ["huge", () => new Uint8Array((16 << 20) + 1).fill(0x20), "FILE_TOO_LARGE"],
    ["not text", () => Uint8Array.of(0xff, 0xfe), "UTF8_MALFORMED"],
    ["another document", () => utf8("{}"), "BUNDLE_MALFORMED"],
    [
      "of a newer version",
      (bytes) => utf8(new TextDecoder().decode(bytes).replace("bundle/v1", "bundle/v9")),
      "BUNDLE_MALFORMED",
    ],
    [
      "with a key twice",
      (bytes) => utf8(new TextDecoder().decode(bytes).replace("{", '{"records":[],')),
      "JSON_MALFORMED",
    ],
    ["of another version", () => get(otherVersion, "foo-1.1.countersign.json"), "ARTIFACT_UNKNOWN"],
    ["of another project, by the same keys", () => get(otherProject, bundleName), "PROJECT_MISMATCH"],
  ])("%s is refused", async (_, change, code) => {
    expect(await verdict(atHand().set(bundleName, change(get(good, bundleName))))).toBe(code);
  });

  test("of another version is refused when this one was asked for", async () => {
    const files = new Map(otherVersion);
    expect(await verdict(files, { names: ["foo-1.1.bin"], expect: { version: "1.0" } })).toBe(
      "VERSION_MISMATCH",
    );
  });
});

describe("the manifest", () => {
  const change = (edit: (manifest: string) => string) =>
    withBundle(({ manifest }) => (manifest.data = data(edit(text(manifest.data)))));
  test.each<[string, (manifest: string) => string, string]>([
    [
      "another digest",
      (one) => one.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
      "STATEMENT_MISMATCH",
    ],
    ["another name", (one) => one.replace(artifact, "foo-1.0.ban"), "STATEMENT_MISMATCH"],
    ["a line less", (one) => one.split("\n").slice(1).join("\n"), "STATEMENT_MISMATCH"],
    ["a line more", (one) => `${one}${"0".repeat(64)}  extra.bin\n`, "STATEMENT_MISMATCH"],
    ["a line twice", (one) => `${one}${one}`, "MANIFEST_MALFORMED"],
    ["nothing", () => "", "MANIFEST_MALFORMED"],
    ["its last byte missing", (one) => one.slice(0, -1), "MANIFEST_MALFORMED"],
    ["a comment", (one) => `# hello\n${one}`, "MANIFEST_MALFORMED"],
    ["carriage returns", (one) => one.replaceAll("\n", "\r\n"), "MANIFEST_MALFORMED"],
    ["a path", (one) => one.replace(artifact, "../foo-1.0.bin"), "NAME_REFUSED"],
    ["a leading dash", (one) => one.replace(artifact, "-foo.bin"), "NAME_REFUSED"],
    ["an escape sequence", (one) => one.replace(artifact, "\u001b[31mfoo"), "NAME_REFUSED"],
    [
      "its lines in another order",
      (one) => `${one.trimEnd().split("\n").reverse().join("\n")}\n`,
      "SIGNATURE_BAD",
    ],
  ])("with %s is refused", async (_, edit, code) => {
    expect(await verdict(change(edit))).toBe(code);
  });

  test("under another name is refused", async () => {
    expect(await verdict(withBundle(({ manifest }) => (manifest.name = "foo-1.1.SHA256SUMS")))).toBe(
      "STATEMENT_MISMATCH",
    );
  });
});

describe("the release statement", () => {
  const change = (edit: (statement: string) => string) =>
    withBundle(({ statement }) => (statement.data = data(edit(text(statement.data)))));
  test.each<[string, (statement: string) => string, string]>([
    ["another project", (one) => one.replace(project, "https://example.org/baz"), "STATEMENT_MISMATCH"],
    ["another version", (one) => one.replace('"version": "1.0"', '"version": "1.1"'), "STATEMENT_MISMATCH"],
    ["another tag", (one) => one.replace('"tag": "v1.0"', '"tag": "v1.1"'), "STATEMENT_MISMATCH"],
    ["another size", (one) => one.replace(/"size": (\d+)/, '"size": 1$1'), "STATEMENT_MISMATCH"],
    ["an unknown field", (one) => one.replace('"project"', '"extra": 1, "project"'), "STATEMENT_MALFORMED"],
    ["a field less", (one) => one.replace(/"version": "1.0",/, ""), "STATEMENT_MALFORMED"],
    ["another type", (one) => one.replace("Statement/v1", "Statement/v2"), "STATEMENT_MALFORMED"],
    [
      "an artifact that is no subject",
      (one) => one.replace('"artifacts": [', '"artifacts": [{"name":"x","size":1,"format":"declared"},'),
      "STATEMENT_MALFORMED",
    ],
    [
      "a control character in a version",
      (one) => one.replace('"1.0"', '"1.0\\u0007"'),
      "STATEMENT_MALFORMED",
    ],
    ["nothing", () => "", "JSON_MALFORMED"],
    ["its end missing", (one) => one.slice(0, -20), "JSON_MALFORMED"],
    ["another space", (one) => `${one} `, "STATEMENT_MISMATCH"],
  ])("with %s is refused", async (_, edit, code) => {
    expect(await verdict(change(edit))).toBe(code);
  });
});

describe("signatures", () => {
  test("one flipped byte is a bad or damaged signature", async () => {
    for (const at of [40, 120, 200]) {
      const files = withBundle(({ signatures }) => {
        const [first] = signatures;
        if (first) first.data = toBase64(flip(fromBase64(first.data) ?? new Uint8Array(), at));
      });
      expect(await verdict(files)).toMatch(/^SIGNATURE_(?:BAD|MALFORMED|UNJUDGED)$|^KEY_UNKNOWN$/);
    }
  });

  test.each<[string, (document: Document) => void, string]>([
    ["one is missing", ({ signatures }) => void signatures.pop(), "QUORUM_MISSING"],
    ["all are missing", (document) => void (document.signatures = []), "QUORUM_MISSING"],
    ["one is empty", ({ signatures: [first] }) => void (first && (first.data = "")), "SIGNATURE_MALFORMED"],
    [
      "one is cut",
      ({ signatures: [first] }) => void (first && (first.data = data(text(first.data).slice(0, 90)))),
      "SIGNATURE_MALFORMED",
    ],
    [
      "one is not base64",
      ({ signatures: [first] }) => void (first && (first.data = "%%%")),
      "QUORUM_MISSING",
    ],
    [
      "one person signed twice",
      ({ signatures }) => void (signatures[1] && signatures[0] && (signatures[1].data = signatures[0].data)),
      "QUORUM_MISSING",
    ],
  ])("%s: refused", async (_, change, code) => {
    expect(await verdict(withBundle(change))).toBe(code);
  });

  test("of another version are bad here", async () => {
    const other = JSON.parse(
      new TextDecoder().decode(get(otherVersion, "foo-1.1.countersign.json")),
    ) as Document;
    expect(await verdict(withBundle((document) => (document.signatures = other.signatures)))).toBe(
      "SIGNATURE_BAD",
    );
  });

  test("by a key that the policy does not name never count", async () => {
    const { mallory } = world;
    const { bytes } = await mallory.signer.sign(
      bytesSource("m", parseBundle(get(good, bundleName)).manifest.bytes),
      { purpose: "release" },
    );
    const files = withBundle(
      ({ signatures }) => void (signatures[0] && (signatures[0].data = toBase64(bytes))),
    );
    expect(await verdict(files)).toMatch(/KEY_UNKNOWN|SIGNATURE_UNJUDGED/);
  });
});

describe("records", () => {
  const record = (edit: (record: string) => string) =>
    withBundle(({ records: [first] }) => void (first && (first.record = data(edit(text(first.record))))));
  const proof = (edit: (proof: string) => string) =>
    withBundle(({ records: [first] }) => void (first && (first.proof = edit(first.proof))));
  test.each<[string, () => Map<string, Uint8Array>, string]>([
    ["a missing record", () => withBundle((document) => (document.records = [])), "RECORD_MISSING"],
    [
      "another project in it",
      () => record((one) => one.replace(project, "https://example.org/baz")),
      "RECORD_MISMATCH",
    ],
    ["another version in it", () => record((one) => one.replace('"1.0"', '"1.1"')), "RECORD_MISMATCH"],
    [
      "another manifest in it",
      () =>
        record((one) =>
          one.replace(/"manifest":"./, '"manifest":"0').replace(/"manifest":"0(.)/, '"manifest":"0f'),
        ),
      "RECORD_MISMATCH",
    ],
    [
      "another signature in it",
      () =>
        record((one) =>
          one.replace(/("signatures":\[\{"name":"[^"]+","sha256":")./, (_, start) =>
            `${start}_`.replace("_", one.includes(`${start}0`) ? "1" : "0"),
          ),
        ),
      "PROOF_MISMATCH",
    ],
    ["an unknown field in it", () => record((one) => one.replace("{", '{"x":1,')), "RECORD_MALFORMED"],
    ["a cut record", () => record((one) => one.slice(0, 50)), "JSON_MALFORMED"],
    ["an empty proof", () => proof(() => ""), "PROOF_MALFORMED"],
    ["a cut proof", () => proof((one) => one.slice(0, 40)), "NOTE_MALFORMED"],
    ["another index", () => proof((one) => one.replace(/^index \d+/m, "index 7")), "PROOF_MALFORMED"],
    [
      "another size in the checkpoint",
      () => proof((one) => one.replace(/(example\.org\/log\n)\d+/, "$19")),
      "NOTE_UNVERIFIED",
    ],
    [
      "another origin",
      () => proof((one) => one.replaceAll("example.org/log", "example.org/lag")),
      "LOG_UNKNOWN",
    ],
    ["no signature on the checkpoint", () => proof((one) => one.replace(/— .*\n/, "")), "NOTE_MALFORMED"],
  ])("%s: refused", async (_, files, code) => {
    const found = await verdict(files());
    expect(found).toBe(code);
  });

  test("of another version are refused", async () => {
    const other = JSON.parse(
      new TextDecoder().decode(get(otherVersion, "foo-1.1.countersign.json")),
    ) as Document;
    expect(await verdict(withBundle((document) => (document.records = other.records)))).toBe(
      "RECORD_MISMATCH",
    );
  });

  test("in a log of the same name with another key are refused", async () => {
    const imposter = await makeLog("example.org/log");
    const { records } = parseBundle(get(good, bundleName));
    const [first] = records;
    if (!first) throw new TypeError("a record");
    const fake = await imposter.append(first.record);
    expect(await verdict(withBundle(({ records: [one] }) => void (one && (one.proof = fake))))).toBe(
      "NOTE_UNVERIFIED",
    );
  });
});

describe("junk in a good bundle changes nothing but a line of the report", () => {
  test.each<[string, (document: Document) => void]>([
    ["an unknown field", (document) => (document.extra = { a: 1 })],
    [
      "a signature that is noise",
      ({ signatures }) => void signatures.push({ name: "foo-1.0.SHA256SUMS.eve.asc", data: data("noise") }),
    ],
    ["a signature with a wrong shape", ({ signatures }) => void signatures.push(7 as never)],
    ["a record that is noise", ({ records }) => void records.push({ record: data("noise"), proof: "noise" })],
    [
      "a signature with a hostile name",
      ({ signatures }) => void signatures.push({ name: "../../etc/passwd", data: data("x") }),
    ],
  ])("%s", async (_, change) => {
    const found = await report(withBundle(change));
    expect(found).toMatchObject({ verified: true });
    expect(found?.ignored).toHaveLength(1);
  });

  test("a second, broken bundle beside it", async () => {
    expect(await verdict(atHand().set("foo-1.0.countersign.2.json", utf8("{")))).toBe("verified");
    expect(await verdict(atHand().set("foo-1.0.countersign.2.json", get(otherProject, bundleName)))).toBe(
      "verified",
    );
  });

  test("too much of it is refused", async () => {
    const many = withBundle(
      ({ signatures }) =>
        void signatures.push(...Array.from({ length: 300 }, () => ({ name: "x", data: "" }))),
    );
    expect(await verdict(many)).toBe("TOO_MUCH_EVIDENCE");
  });
});

test("what formatBundle writes, parseBundle reads, byte for byte", () => {
  const bytes = get(good, bundleName);
  expect(formatBundle(parseBundle(bytes))).toEqual(bytes);
});
