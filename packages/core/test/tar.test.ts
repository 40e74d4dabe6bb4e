import { describe, expect, test } from "vitest";
import { concatBytes, utf8 } from "../src/formats/bytes.ts";
import { treeOfTar } from "../src/formats/tar.ts";
import { openTar } from "../src/formats/tar-reader.ts";
import { type TarMember, tarEnd, tarHeader, tarPadding, tarStart } from "../src/formats/tar-writer.ts";

const id = "a".repeat(40);
type Given = { path: string; type?: TarMember["type"]; text?: string; target?: string; executable?: boolean };

function member({ path, type = "file", text = "", target, executable }: Given): Uint8Array {
  const content = utf8(text);
  const header = tarHeader(
    {
      type,
      path: utf8(path),
      size: content.length,
      id,
      ...(target !== undefined && { target: utf8(target) }),
      ...(executable && { executable }),
    },
    1_700_000_000,
  );
  return concatBytes(header, content, new Uint8Array(tarPadding(content.length)));
}
const end = new Uint8Array(1024);
const tarOf = (...members: readonly Given[]) => concatBytes(...members.map(member), end);

/** Changes bytes of the header at `at` and makes its checksum right again. */
function edit(tar: Uint8Array, at: number, offset: number, text: string): Uint8Array {
  const changed = tar.slice();
  changed.set(
    Uint8Array.from(text, (c) => c.charCodeAt(0)),
    at + offset,
  );
  changed.set(utf8("        "), at + 148);
  const sum = changed.subarray(at, at + 512).reduce((a, b) => a + b, 0);
  changed.set(utf8(`${sum.toString(8).padStart(7, "0")}\0`), at + 148);
  return changed;
}

function pax(type: "x" | "g", ...records: readonly string[]): Uint8Array {
  const body = records.join("");
  const bytes = Uint8Array.from(body, (c) => c.charCodeAt(0));
  const header = edit(
    tarHeader({ type: "file", path: utf8("pax"), size: bytes.length, id }, 0),
    0,
    156,
    type,
  );
  return concatBytes(header, bytes, new Uint8Array(tarPadding(bytes.length)));
}
const record = (key: string, value: string): string => {
  let length = key.length + value.length + 3;
  while (`${length} ${key}=${value}\n`.length !== length) length++;
  return `${length} ${key}=${value}\n`;
};

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const tree = (bytes: Uint8Array, options = {}) => treeOfTar(chunks(bytes, 700), options);

const good = tarOf(
  { path: "p/", type: "directory" },
  { path: "p/a", text: "hello\n" },
  { path: "p/bin/run", text: "x", executable: true },
  { path: "p/link", type: "symlink", target: "a" },
);

describe("treeOfTar", () => {
  test("the same whatever the pieces are", async () => {
    const expected = await treeOfTar(chunks(good, 1 << 20));
    for (const size of [1, 511, 512, 513, 1000])
      expect(await treeOfTar(chunks(good, size))).toEqual(expected);
    expect(expected).toMatchObject({ prefix: "p/", files: 3, commit: undefined, emptyDirectories: [] });
  });

  test("empty directories are reported and not counted", async () => {
    const with_ = tarOf(
      { path: "d/", type: "directory" },
      { path: "e/f/", type: "directory" },
      { path: "x", text: "1" },
    );
    const found = await tree(with_, { prefix: "" });
    expect(found.emptyDirectories.map((path) => new TextDecoder().decode(path))).toEqual(["d", "e/f"]);
    expect(found.tree).toBe((await tree(tarOf({ path: "x", text: "1" }), { prefix: "" })).tree);
  });

  test("an empty archive has git's empty tree", async () => {
    const found = await tree(concatBytes(tarStart(id, 0), end));
    expect(found).toMatchObject({ tree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904", commit: id });
    expect(found.contentTree).toBe("6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321");
  });

  test("a member outside the prefix is refused", async () => {
    const outside = tarOf({ path: "p/a", text: "1" }, { path: "q", text: "2" });
    await expect(tree(outside, { prefix: "p/" })).rejects.toMatchObject({ code: "ARCHIVE_MALFORMED" });
    await expect(tree(tarOf({ path: "p", text: "1" }), { prefix: "p/" })).rejects.toMatchObject({
      code: "ARCHIVE_MALFORMED",
    });
  });

  test("a member whose content nobody reads is skipped", async () => {
    const paths: string[] = [];
    for await (const entry of openTar(chunks(good, 100), "tar").entries) {
      paths.push(new TextDecoder().decode(entry.path));
      for await (const _ of entry.content) break;
    }
    expect(paths).toEqual(["p", "p/a", "p/bin/run", "p/link"]);
  });
});

describe("an archive that two programs could read as two is refused:", () => {
  const file = tarOf({ path: "a", text: "1" });
  const one = (...given: readonly Given[]) => tarOf(...given);
  const long = `${"l".repeat(150)}`;
  test.each<[string, Uint8Array]>([
    ["nothing at all", new Uint8Array()],
    ["no end", file.subarray(0, 1024)],
    ["one block of end", file.subarray(0, 1536)],
    ["an end in the middle of a content", file.subarray(0, 700)],
    ["bytes after the end", concatBytes(file, utf8("x"))],
    ["a second archive after the end", concatBytes(file, file)],
    ["a wrong checksum", Uint8Array.from(file, (byte, i) => (i === 0 ? byte + 1 : byte))],
    ["bytes in the padding", Uint8Array.from(file, (byte, i) => (i === 600 ? 1 : byte))],
    ["the same path twice", one({ path: "a" }, { path: "a" })],
    ["a file and a directory", one({ path: "a" }, { path: "a/", type: "directory" })],
    ["a path through a file", one({ path: "a" }, { path: "a/b" })],
    ["a path through a link", one({ path: "a", type: "symlink", target: "/etc" }, { path: "a/b" })],
    ["a file where a directory is", one({ path: "a/b" }, { path: "a" })],
    ["a directory twice", one({ path: "a/", type: "directory" }, { path: "a/", type: "directory" })],
    ...["../a", "/a", "a/../b", "a//b", "./a", "a/.", "..", "", "a/"].map((path): [string, Uint8Array] => [
      `the path ${JSON.stringify(path)}`,
      one({ path }),
    ]),
    ["a hard link", edit(file, 0, 156, "1")],
    ["a character device", edit(file, 0, 156, "3")],
    ["a block device", edit(file, 0, 156, "4")],
    ["a named pipe", edit(file, 0, 156, "6")],
    ["a sparse file", edit(file, 0, 156, "S")],
    ["GNU's long name", edit(file, 0, 156, "L")],
    ["an unknown type", edit(file, 0, 156, "Z")],
    ["GNU's magic", edit(file, 0, 257, "ustar  \0")],
    ["no magic", edit(file, 0, 257, "\0\0\0\0\0\0\0\0")],
    ["a size in binary", edit(file, 0, 124, "\x80\0\0\0\0\0\0\0\0\0\0\x01")],
    ["a size that is no number", edit(file, 0, 124, "0000000000x\0")],
    ["a directory with content", edit(file, 0, 156, "5")],
    ["a link with content", edit(edit(file, 0, 156, "2"), 0, 157, "x")],
    ["a link to nowhere", edit(tarOf({ path: "a" }), 0, 156, "2")],
    ["a file with a link target", edit(file, 0, 157, "x")],
    ["text hidden after a name", edit(file, 0, 2, "hidden")],
    ["text after the header", edit(file, 0, 505, "hidden")],
    ["a pax path that disagrees", concatBytes(pax("x", record("path", "b")), file)],
    [
      "a pax link that disagrees",
      concatBytes(pax("x", record("linkpath", "b")), one({ path: "a", type: "symlink", target: "c" })),
    ],
    ["a pax size that disagrees", concatBytes(pax("x", record("size", "2")), file)],
    ["a long pax size over a short one", concatBytes(pax("x", record("size", "99999999999")), file)],
    ["a pax path that climbs", concatBytes(pax("x", record("path", `${long}/../x`)), file)],
    ["a pax path that is absolute", concatBytes(pax("x", record("path", `/${long}`)), file)],
    ["a pax path with NUL", concatBytes(pax("x", record("path", `${long}\0`)), file)],
    ["an empty pax path", concatBytes(pax("x", record("path", "")), file)],
    ["a pax record twice", concatBytes(pax("x", record("mtime", "1"), record("mtime", "2")), file)],
    ["an unknown pax record", concatBytes(pax("x", record("SCHILY.xattr.x", "1")), file)],
    ["a sparse pax record", concatBytes(pax("x", record("GNU.sparse.major", "1")), file)],
    ["a pax record with a wrong length", concatBytes(pax("x", "9 path=b\n\n"), file)],
    ["a pax record that is too long", concatBytes(pax("x", "99 path=b\n"), file)],
    ["two pax headers", concatBytes(pax("x", record("mtime", "1")), pax("x", record("mtime", "1")), file)],
    ["a pax header at the end", concatBytes(pax("x", record("mtime", "1")), end)],
    ["a global path", concatBytes(pax("g", record("path", long)), file)],
    [
      "a global header in the middle",
      concatBytes(member({ path: "z" }), pax("g", record("comment", "x")), file),
    ],
    ["two global headers", concatBytes(tarStart(id, 0), tarStart(id, 0), file)],
    ["endless zeros", concatBytes(file, new Uint8Array(5 << 20))],
  ])("%s", async (_, bytes) => {
    await expect(tree(bytes, { prefix: "" })).rejects.toMatchObject({ code: "ARCHIVE_MALFORMED" });
  });

  test("too many members, too much content", async () => {
    await expect(tree(good, { limits: { entries: 3 } })).rejects.toMatchObject({ code: "ARCHIVE_MALFORMED" });
    await expect(tree(good, { limits: { size: 6 } })).rejects.toMatchObject({ code: "ARCHIVE_MALFORMED" });
  });

  test("any byte of a header, changed", async () => {
    const before = await tree(good);
    for (let at = 512; at < 1024; at++) {
      const changed = Uint8Array.from(good, (byte, i) => (i === at ? byte ^ 1 : byte));
      await expect(tree(changed), `byte ${at}`).rejects.toMatchObject({ code: "ARCHIVE_MALFORMED" });
    }
    expect(before.files).toBe(3);
  });
});

describe("the writer", () => {
  test("ends on a whole record with two blocks of zeros at least", () => {
    for (const [size, expected] of [
      [0, 10240],
      [512, 9728],
      [9216, 1024],
      [9728, 10752],
      [10240, 10240],
    ] as const)
      expect(tarEnd(size)).toBe(expected);
  });

  test("sizes from 8 GiB on, and times after 2242, are pax records", () => {
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const big = { type: "file", path: utf8("f"), id } as const;
    expect(tarHeader({ ...big, size: 8 * 2 ** 30 - 1 }, 0)).toHaveLength(512);
    const header = tarHeader({ ...big, size: 8 * 2 ** 30 }, 0);
    expect(text(header.subarray(512, 530))).toBe("19 size=8589934592");
    expect(text(header.subarray(1024 + 124, 1024 + 135))).toBe("00000000000");
    expect(text(tarStart(id, 2 ** 33 + 5).subarray(512))).toContain("20 mtime=8589934597\n");
    expect(text(tarHeader(big, 2 ** 33 + 5).subarray(136, 147))).toBe("77777777777");
  });
});
