import { describe, expect, test } from "vitest";
import { gitObjectId, parseCommit, parseTag, treeTrailer } from "../src/formats/git-object.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => new TextDecoder().decode(value);
const id = "a".repeat(40);
const head = `object ${id}\ntype commit\ntag v1.0\ntagger A B <a@b> 1700000000 +0100\n\n`;
const armor = "-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n";
const malformed = expect.objectContaining({ code: "GIT_OBJECT_MALFORMED" });

describe("parseTag", () => {
  test("splits payload, message and signature", () => {
    const tag = parseTag(bytes(`${head}first\n\nlast\n${armor}`), "tag");
    expect(tag).toMatchObject({ object: id, type: "commit", name: "v1.0", message: "first\n\nlast\n" });
    expect(tag.tagger).toBe("A B <a@b> 1700000000 +0100");
    expect(tag.claimedTime).toEqual(new Date(1_700_000_000_000));
    expect(text(tag.payload)).toBe(`${head}first\n\nlast\n`);
    expect(text(tag.signature)).toBe(armor);
  });

  test("an unsigned tag has no signature, and a very old one no tagger", () => {
    expect(parseTag(bytes(`${head}x\n`), "tag").signature).toBeUndefined();
    const old = parseTag(bytes(`object ${id}\ntype tree\ntag v0\n\nx\n`), "tag");
    expect(old).toMatchObject({ tagger: undefined, claimedTime: undefined, type: "tree" });
  });

  test("the last beginning counts, as for git", () => {
    const ssh = "-----BEGIN SSH SIGNATURE-----\nx\n";
    const tag = parseTag(bytes(`${head}m\n${armor}${ssh}`), "tag");
    expect(text(tag.signature)).toBe(ssh);
    expect(tag.message).toContain("BEGIN PGP");
  });

  test("a beginning in the middle of a line is text", () => {
    expect(parseTag(bytes(`${head}m ${armor}`), "tag").signature).toBeUndefined();
  });

  test.each([
    ["nothing", ""],
    ["no object", "type commit\ntag v\n\n"],
    ["an id in capitals", head.replace(id, "A".repeat(40))],
    ["a short id", head.replace(id, "a".repeat(39))],
    ["an unknown type", head.replace("type commit", "type thing")],
    ["no name", head.replace("tag v1.0", "tag ")],
    ["a second object", head.replace("tagger", `object ${id}\ntagger`)],
    ["a header that git leaves out of the payload", head.replace("\n\n", "\ngpgsig-sha256 x\n y\n\n")],
    ["a name over two lines", head.replace("tag v1.0", "tag v1.0\n x")],
    ["a NUL in the message", `${head}a\0b`],
    ["a header without an end", `object ${id}`],
  ])("refuses %s", (_, object) => {
    expect(() => parseTag(bytes(object), "tag")).toThrow(malformed);
  });

  test("refuses a name that is not UTF-8, and what is too large", () => {
    const raw = bytes(head);
    raw[raw.indexOf(0x76)] = 0xff;
    expect(() => parseTag(raw, "tag")).toThrow(malformed);
    expect(() => parseTag(new Uint8Array(5 << 20), "tag")).toThrow(
      expect.objectContaining({ code: "FILE_TOO_LARGE" }),
    );
  });
});

describe("parseCommit", () => {
  const commit = `tree ${id}\nparent ${id}\nparent ${id}\nauthor A <a> 1 +0000\ncommitter C <c> 1700000000 -0130\n`;
  test("reads tree, parents and time past a signature", () => {
    const raw = `${commit}gpgsig -----BEGIN\n tree ${"b".repeat(40)}\nencoding x\n\nm\n`;
    expect(parseCommit(bytes(raw), "commit")).toMatchObject({
      tree: id,
      parents: [id, id],
      time: 1_700_000_000,
    });
  });
  test.each([
    ["no tree", commit.slice(46)],
    ["no committer", commit.replace(/committer.*\n/, "")],
    ["no date", commit.replace(" 1700000000 -0130", "")],
    ["a second tree", `${commit}tree ${id}\n\n`],
    ["a second committer", `${commit}committer D <d> 1 +0000\n\n`],
    ["a NUL in the header", commit.replace("C <c>", "C\0<c>")],
  ])("refuses %s", (_, raw) => {
    expect(() => parseCommit(bytes(raw), "commit")).toThrow(malformed);
  });
});

test("ids are git's", () => {
  expect(gitObjectId("blob", bytes(""), "sha1")).toBe("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  expect(gitObjectId("blob", bytes(""), "sha256")).toBe(
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
  );
});

describe("treeTrailer", () => {
  const line = `Countersign-Tree: sha256:${"0".repeat(64)}`;
  test.each([
    [`v1\n\n${line}\n`, "0".repeat(64)],
    [`v1\n\nSigned-off-by: x\n${line}\n\n`, "0".repeat(64)],
    [`v1\n\n${line}\n\nmore text\n`, undefined],
    ["v1\n", undefined],
  ])("%j", (message, expected) => {
    expect(treeTrailer(message, "tag")).toBe(expected);
  });
  test.each([
    `${line}\n${line}\n`,
    "Countersign-Tree: sha1:abc\n",
    `countersign-tree: sha256:${"0".repeat(64)}\n`,
  ])("refuses %j", (message) => {
    expect(() => treeTrailer(message, "tag")).toThrow(malformed);
  });
});
