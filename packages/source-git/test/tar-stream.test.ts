import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { treeOfTar } from "@countersign/core";
import { describe, expect, test } from "vitest";
import { openRepository, readCommit, writeTar } from "../src/index.ts";
import { awkward, commit, commitOf, git, gitArchive, repository, temporary } from "./repositories.ts";

async function pack(path: string, prefix = "p-1.0/", revision = "HEAD") {
  const opened = await openRepository(path);
  const parts: Buffer[] = [];
  const written = await writeTar(opened, await readCommit(opened, commitOf(path, revision)), {
    prefix,
    sink: (chunk) => void parts.push(Buffer.from(chunk)),
  });
  return { ...written, bytes: Buffer.concat(parts) };
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Compares without printing megabytes. */
function same(ours: Buffer, gits: Buffer): void {
  const first = ours.findIndex((byte, i) => byte !== gits[i]);
  expect({ size: ours.length, first }).toEqual({ size: gits.length, first: -1 });
}

describe("writeTar gives the bytes of git archive", () => {
  test.each(["sha1", "sha256"] as const)("for every kind of entry (%s)", async (format) => {
    const path = repository(awkward, { format });
    for (const prefix of ["p-1.0/", "", `${"q".repeat(99)}/`, `${"r".repeat(100)}/s/`]) {
      const ours = await pack(path, prefix);
      same(ours.bytes, gitArchive(path, "v1.0", prefix));
      expect(ours.tree).toBe(git(path, ["rev-parse", "HEAD^{tree}"]).toString().trim());
      expect(ours.departures).toEqual([]);
      const found = await treeOfTar(pieces(ours.bytes, 1000), { prefix, format });
      expect(found).toMatchObject({
        tree: ours.tree,
        contentTree: ours.contentTree,
        commit: commitOf(path),
        prefix,
        mtime: 1700000001,
      });
    }
  });

  test("for paths of every length around the limits", async () => {
    const files: Record<string, string> = {};
    for (const a of [1, 54, 55, 99, 100, 101, 153, 154, 155, 156])
      for (const b of [1, 98, 99, 100, 101, 102]) files[`${"a".repeat(a)}/${"b".repeat(b)}`] = `${a} ${b}`;
    for (let i = 85; i < 112; i++) files[`l${"c".repeat(i)}/${"d".repeat(i)}/${"e".repeat(i)}`] = String(i);
    const path = repository(files);
    same((await pack(path, "")).bytes, gitArchive(path, "HEAD", ""));
    same((await pack(path)).bytes, gitArchive(path, "HEAD", "p-1.0/"));
  });

  test("for an empty tree, and for tars that end around a whole record", async () => {
    const empty = repository({});
    same((await pack(empty)).bytes, gitArchive(empty, "HEAD", "p-1.0/"));
    same((await pack(empty, "")).bytes, gitArchive(empty, "HEAD", ""));
    for (const blocks of [14, 15, 16, 17, 18, 19]) {
      const path = repository({ f: Buffer.alloc(512 * blocks, 7) });
      same((await pack(path, "")).bytes, gitArchive(path, "HEAD", ""));
    }
  });

  test("for submodules, which are empty directories", async () => {
    const path = repository({ "a/x": "1", z: "2" });
    const id = "1".repeat(40);
    for (const at of ["a/sub", "sub", `deep/${"s".repeat(120)}`])
      git(path, ["update-index", "--add", "--cacheinfo", `160000,${id},${at}`]);
    git(path, ["commit", "-q", "-m", "submodules"]);
    const ours = await pack(path);
    same(ours.bytes, gitArchive(path, "HEAD", "p-1.0/"));
    expect(ours.submodules.map((s) => s.path)).toEqual(["a/sub", `deep/${"s".repeat(120)}`, "sub"]);
    expect((await treeOfTar(pieces(ours.bytes, 4096))).emptyDirectories).toHaveLength(3);
  });

  test("whatever umask, locale, time zone, directory, configuration, depth and other branches say", async () => {
    const path = repository(awkward);
    const expected = gitArchive(path, "v1.0", "p-1.0/");
    for (const [key, value] of [
      ["core.autocrlf", "true"],
      ["tar.umask", "0077"],
      ["core.abbrev", "5"],
      ["core.eol", "crlf"],
      ["core.quotePath", "false"],
      ["core.bigFileThreshold", "1"],
      ["core.attributesFile", join(path, ".git", "evil-attributes")],
    ] as const)
      git(path, ["config", key, value]);
    writeFileSync(join(path, ".git", "evil-attributes"), "* export-ignore\n");
    writeFileSync(join(path, ".git", "info", "attributes"), "* export-ignore text eol=crlf\n");
    git(path, ["branch", "other"]);
    git(path, ["tag", "zzz"]);
    const umask = process.umask(0o077);
    const kept = { ...process.env };
    try {
      Object.assign(process.env, {
        TZ: "Asia/Kathmandu",
        LC_ALL: "tr_TR.UTF-8",
        GIT_DIR: "/nonexistent",
        GIT_INDEX_FILE: "/nonexistent",
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "tar.umask",
        GIT_CONFIG_VALUE_0: "0",
      });
      same((await pack(path)).bytes, expected);
      same((await pack(join(path, "foo"))).bytes, expected);
      const bare = join(temporary(), 'odd: "name"\n.git');
      git("/", ["clone", "-q", "--bare", "--depth", "1", `file://${path}`, bare]);
      same((await pack(bare)).bytes, expected);
    } finally {
      process.umask(umask);
      for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
      Object.assign(process.env, kept);
    }
  });

  test("ignoring replaced objects and grafts", async () => {
    const path = repository({ a: "true\n" });
    const expected = gitArchive(path, "HEAD", "p-1.0/");
    const blob = git(path, ["rev-parse", "HEAD:a"]).toString().trim();
    const evil = git(path, ["hash-object", "-w", "--stdin"], { input: "false\n" }).toString().trim();
    git(path, ["replace", blob, evil]);
    same((await pack(path)).bytes, expected);
  });

  test("for a large file", async () => {
    const path = repository({ small: "x" });
    writeFileSync(join(path, "large"), Buffer.alloc(64 << 20, "0123456789abcdef\n"));
    commit(path);
    same((await pack(path)).bytes, gitArchive(path, "HEAD", "p-1.0/"));
  });
});

describe("committed attributes", () => {
  const files = {
    ".gitattributes": [
      "secret export-ignore",
      "private/ export-ignore",
      "only/* export-ignore",
      "*.bat text eol=crlf",
      "*.auto text=auto eol=crlf",
      "*.old crlf eol=crlf",
      "*.bin -text eol=crlf",
      "version export-subst",
      "both export-subst eol=crlf",
      "[attr]hidden export-ignore",
      "macro hidden",
      "",
    ].join("\n"),
    secret: "s",
    "private/deep/file": "s",
    "only/this": "s",
    macro: "s",
    "sub/.gitattributes": "secret -export-ignore\nx export-ignore\n",
    "sub/secret": "kept",
    "sub/x": "gone",
    "a.bat": "one\ntwo\r\nthree\n",
    "dos.bat": "one\r\n",
    "a.auto": "one\ntwo\n",
    "mixed.auto": "one\ntwo\r\n",
    "nul.auto": Buffer.from("one\n\0\n"),
    "odd.auto": Buffer.from("\x01\x02\n"),
    "a.old": "x\n",
    "a.bin": "x\n",
    version:
      "$Format:%H %T %P$ $Format:%an <%ae> %ai %aI %at %aD %ad$\n$Format:%s%n%b%%$ $Format:$ $Format:no end",
    both: "$Format:%cn%n%ci$\nx\n",
    "link.bat": { link: "a.bat" },
  } as const;

  test.each(["sha1", "sha256"] as const)("are followed as git archive follows them (%s)", async (format) => {
    const path = repository(files, { format });
    const ours = await pack(path);
    same(ours.bytes, gitArchive(path, "HEAD", "p-1.0/"));
    expect(ours.tree).toBe(git(path, ["rev-parse", "HEAD^{tree}"]).toString().trim());
    expect(ours.departures).toContainEqual({ path: "private", why: "export-ignore" });
    expect(ours.departures).toContainEqual({ path: "a.bat", why: "eol" });
    expect(ours.departures).toContainEqual({ path: "version", why: "export-subst" });
    const found = await treeOfTar(pieces(ours.bytes, 4096), { prefix: "p-1.0/", format });
    expect(found.contentTree).toBe(ours.contentTree);
    expect(found.tree).not.toBe(ours.tree);
  });

  test.each([
    "%h",
    "%d",
    "%D",
    "%(describe)",
    "%t",
    "%p",
    "%ar",
    "%aN",
    "%GK",
    "%N",
    "%cr",
    "%C(red)",
    "%w(10)x",
    "%",
  ])("export-subst of %s is refused", async (placeholder) => {
    const path = repository({ ".gitattributes": "v export-subst\n", v: `$Format:%H ${placeholder}$` });
    await expect(pack(path)).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
  });

  test.each([
    ["ident", "f ident\n", "$Id$\n"],
    ["another encoding", "f working-tree-encoding=UTF-16\n", Buffer.from("\ufeffx\n", "utf16le")],
  ])("%s is refused", async (_, attributes, content) => {
    await expect(pack(repository({ ".gitattributes": attributes, f: content }))).rejects.toMatchObject({
      code: "SOURCE_REFUSED",
    });
  });

  test("filters never run", async () => {
    const path = repository({ ".gitattributes": "f filter=evil\n# eol\n", f: "x\n" });
    const expected = gitArchive(path, "HEAD", "p-1.0/");
    git(path, ["config", "filter.evil.smudge", "echo evil"]);
    same((await pack(path)).bytes, expected);
  });
});

test("a damaged repository is found out", async () => {
  const path = repository({ f: "true content\n" });
  const id = git(path, ["rev-parse", "HEAD:f"]).toString().trim();
  const other = git(path, ["hash-object", "-w", "--stdin"], { input: "evil content\n" }).toString().trim();
  const at = (name: string) => join(path, ".git", "objects", name.slice(0, 2), name.slice(2));
  rmSync(at(id));
  copyFileSync(at(other), at(id));
  await expect(pack(path)).rejects.toMatchObject({ code: "REPOSITORY_UNREADABLE" });
  rmSync(at(id));
  await expect(pack(path)).rejects.toMatchObject({ code: "REPOSITORY_UNREADABLE" });
});

test("memory does not grow with a file", async () => {
  const path = repository({ small: "x" });
  for (let i = 0; i < 2; i++) await pack(path);
  const opened = await openRepository(path);
  const chunk = Buffer.alloc(1 << 20, "abcdefgh");
  const id = git(path, ["hash-object", "-w", "--stdin"], {
    input: Buffer.concat(Array.from({ length: 192 }, () => chunk)),
  })
    .toString()
    .trim();
  git(path, ["update-index", "--add", "--cacheinfo", `100644,${id},large`]);
  git(path, ["commit", "-q", "-m", "large"]);
  const commitId = commitOf(path);
  const base = process.memoryUsage().rss;
  let peak = 0;
  const written = await writeTar(opened, await readCommit(opened, commitId), {
    prefix: "",
    sink: () => {
      peak = Math.max(peak, process.memoryUsage().rss - base);
    },
  });
  expect(written.size).toBeGreaterThan(192 << 20);
  expect(peak).toBeLessThan(64 << 20);
});

test("what cannot be a prefix is refused", async () => {
  const path = repository({ a: "1" });
  for (const prefix of ["x", "/", "../", "a//", "-x/", "a/../b/", "/a/"])
    await expect(pack(path, prefix)).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
});
