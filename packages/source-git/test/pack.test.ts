import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { bytesSource, openPacked, parseStatement, type Signer, treeOfTar } from "@countersign/core";
import { describe, expect, test } from "vitest";
import { openRepository, type PackFormat, pack, packFiles, signTag } from "../src/index.ts";
import { awkward, git, gitArchive, repository, temporary } from "./repositories.ts";
import { testKey, testScheme, testSigner } from "./scheme.ts";

const now = new Date("2024-01-01T00:00:00Z");
const project = "https://example.org/p";
const about = { name: "p", version: "2.0", project };
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

async function signedRepository(files = awkward, signer: Signer = testSigner("ada")) {
  const path = repository(files);
  const opened = await openRepository(path);
  const tagger = "Ada <ada@example.org>";
  await signTag({
    repository: opened,
    name: "v2.0",
    commit: "HEAD",
    message: "m",
    tagger,
    date: now,
    signer,
  });
  return { path, opened };
}

async function packed(
  opened: Awaited<ReturnType<typeof openRepository>>,
  output: string,
  formats: readonly PackFormat[] = ["tar", "tar.gz"],
  more = {},
) {
  const keys = [testKey("ada")];
  return await pack({
    repository: opened,
    tag: "v2.0",
    ...about,
    formats,
    output,
    schemes: [testScheme],
    keys,
    now,
    ...more,
  });
}

/** Manifest, statement and artifacts, compared by core. */
async function reopened(output: string, artifacts: readonly string[]) {
  const named = (name: string) => ({ name, bytes: readFileSync(join(output, name)) });
  return await openPacked({
    manifest: named("p-2.0.SHA256SUMS"),
    statement: named("p-2.0.release.json"),
    files: artifacts.map((name) => bytesSource(name, named(name).bytes)),
  });
}

const xz = process.env.CI_INTEGRATION === "1" || hasXz();

describe("pack", () => {
  test("makes artifacts, statement and manifest that agree", async () => {
    const { path, opened } = await signedRepository();
    const output = join(temporary(), "out");
    const sizes: number[] = [];
    const made = await packed(opened, output, ["tar", "tar.gz"], {
      onProgress: ({ done }: { done: number }) => sizes.push(done),
    });
    expect(readdirSync(output).sort()).toEqual([
      "p-2.0.SHA256SUMS",
      "p-2.0.release.json",
      "p-2.0.tar",
      "p-2.0.tar.gz",
    ]);
    const read = (name: string) => readFileSync(join(output, name));
    const tar = gitArchive(path, "v2.0", "p-2.0/");
    expect(read("p-2.0.tar").equals(tar)).toBe(true);
    expect(gunzipSync(read("p-2.0.tar.gz")).equals(tar)).toBe(true);
    expect(read("p-2.0.tar.gz").subarray(3, 8)).toEqual(Buffer.alloc(5));
    const { statement } = await reopened(output, ["p-2.0.tar", "p-2.0.tar.gz"]);
    const found = await treeOfTar(bytesSource("p-2.0.tar", tar).open(), { prefix: "p-2.0/" });
    expect(statement).toMatchObject({
      project,
      version: "2.0",
      source: { tag: "v2.0", tree: found.tree, contentTree: found.contentTree, recipe: { prefix: "p-2.0/" } },
      artifacts: [
        { name: "p-2.0.tar", size: tar.length, tar: { sha256: sha256(tar), size: tar.length } },
        { name: "p-2.0.tar.gz", compressor: { program: "zlib", settings: "-9" } },
      ],
    });
    expect(Buffer.from(statement.source?.tagObject ?? [])).toEqual(git(path, ["cat-file", "tag", "v2.0"]));
    expect(made.kept).toEqual([]);
    expect(sizes.at(-1)).toBe(tar.length);
  });

  test("run again it finishes what was killed, and replaces nothing", async () => {
    const { opened } = await signedRepository();
    const output = temporary();
    await packed(opened, output);
    const before = readdirSync(output).map((name) => [name, readFileSync(join(output, name), "hex")]);
    for (const name of ["p-2.0.tar.gz", "p-2.0.SHA256SUMS"]) rmSync(join(output, name));
    // What a process that is no longer there has left: no pid is so large.
    mkdirSync(join(output, ".countersign-99999999-abcdef"));
    writeFileSync(join(output, ".countersign-99999999-abcdef", "p-2.0.tar"), "half");
    const again = await packed(opened, output);
    expect(again.kept.toSorted()).toEqual(["p-2.0.release.json", "p-2.0.tar"]);
    expect(readdirSync(output).map((name) => [name, readFileSync(join(output, name), "hex")])).toEqual(
      before,
    );

    writeFileSync(join(output, "p-2.0.tar.gz"), "other bytes");
    rmSync(join(output, "p-2.0.tar"));
    await expect(packed(opened, output)).rejects.toMatchObject({ code: "FILE_EXISTS" });
    expect(readFileSync(join(output, "p-2.0.tar.gz"), "utf8")).toBe("other bytes");
    expect(existsSync(join(output, "p-2.0.tar"))).toBe(false);
    expect(readdirSync(output).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("verifies the tag first, and writes nothing when it does not hold", async () => {
    const { path, opened } = await signedRepository({ a: "1" });
    const output = join(temporary(), "out");
    const code = async (more: object) =>
      await packed(opened, output, ["tar"], more).then(
        () => "packed",
        (error) => error.code,
      );
    expect(await code({ keys: [] })).toBe("KEY_UNKNOWN");
    expect(await code({ tag: "v1.0", version: "1.0" })).toBe("TAG_UNSIGNED");
    git(path, ["tag", "light"]);
    expect(await code({ tag: "light" })).toBe("TAG_UNSIGNED");
    expect(await code({ keys: [], insecureUnsignedTag: true })).toBe("KEY_UNKNOWN");
    expect(await code({ version: "../../x" })).toBe("NAME_REFUSED");
    expect(existsSync(output)).toBe(false);
    expect(await code({ tag: "v1.0", version: "1.0", insecureUnsignedTag: true })).toBe("packed");
    expect(await code({ tag: "light", version: "1.1", insecureUnsignedTag: true })).toBe("packed");
    expect(
      parseStatement(readFileSync(join(output, "p-1.1.release.json"))).source?.tagObject,
    ).toBeUndefined();
  });

  test("a tag whose trailer names another content is refused", async () => {
    const { path, opened } = await signedRepository({ a: "1" });
    const raw = git(path, ["cat-file", "tag", "v2.0"]).toString();
    const payload = raw
      .slice(0, raw.indexOf("-----BEGIN"))
      .replace(/sha256:\w{64}/, `sha256:${"0".repeat(64)}`)
      .replace("tag v2.0", "tag evil");
    const { bytes } = await testSigner("ada").sign(bytesSource("t", Buffer.from(payload)), {
      purpose: "tag",
    });
    const id = git(path, ["hash-object", "-t", "tag", "-w", "--stdin"], {
      input: payload + Buffer.from(bytes),
    });
    git(path, ["update-ref", "refs/tags/evil", id.toString().trim()]);
    const output = temporary();
    await expect(packed(opened, output, ["tar"], { tag: "evil" })).rejects.toMatchObject({
      code: "TREE_MISMATCH",
    });
    expect(readdirSync(output)).toEqual([]);
  });

  test("departures and submodules stand in the statement", async () => {
    const { opened } = await signedRepository({ ".gitattributes": "x export-ignore\n", x: "1", y: "2" });
    const { statement } = await packed(opened, temporary(), ["tar.gz"]);
    expect(statement.source?.recipe.departures).toEqual([{ path: "x", why: "export-ignore" }]);
  });

  test("an abort ends it and leaves nothing", async () => {
    const { opened } = await signedRepository({ large: Buffer.alloc(8 << 20, "abc") });
    const output = temporary();
    const controller = new AbortController();
    const run = packed(opened, output, ["tar.gz"], {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(run).rejects.toMatchObject({ code: "ABORTED" });
    expect(readdirSync(output)).toEqual([]);
  });

  test.skipIf(!xz)(`makes .tar.xz, twice the same${xz ? "" : " (skipped: no xz)"}`, async () => {
    const { path, opened } = await signedRepository();
    const output = temporary();
    const { statement } = await packed(opened, output, ["tar.xz"]);
    const file = readFileSync(join(output, "p-2.0.tar.xz"));
    expect(execFileSync("xz", ["-dc"], { input: file }).equals(gitArchive(path, "v2.0", "p-2.0/"))).toBe(
      true,
    );
    expect(statement.artifacts[0]).toMatchObject({
      compressor: { program: "xz", settings: "-6 -T1 --no-adjust" },
    });
    process.env.XZ_OPT = "-0";
    try {
      expect((await packed(opened, output, ["tar.xz"])).kept).toHaveLength(3);
    } finally {
      delete process.env.XZ_OPT;
    }
  });

  test("without xz, .tar.xz is refused before anything is written", async () => {
    const { opened } = await signedRepository({ a: "1" });
    const bin = temporary();
    const real = execFileSync("sh", ["-c", "command -v git"]).toString().trim();
    symlinkSync(real, join(bin, "git"));
    const path = process.env.PATH;
    process.env.PATH = bin;
    try {
      await expect(packed(opened, join(bin, "out"), ["tar.xz"])).rejects.toMatchObject({
        code: "TOOL_MISSING",
      });
      expect(existsSync(join(bin, "out"))).toBe(false);
    } finally {
      process.env.PATH = path;
    }
  });
});

describe("packFiles", () => {
  const source = (name: string, text: string) => bytesSource(name, Buffer.from(text));
  test("declares files that were made elsewhere", async () => {
    const output = temporary();
    writeFileSync(join(output, "p-2.0-py3.whl"), "wheel");
    const made = await packFiles({
      ...about,
      files: [source("p-2.0.tar.gz", "sdist"), source("p-2.0-py3.whl", "wheel")],
      output,
    });
    expect(made.kept).toEqual(["p-2.0-py3.whl"]);
    expect(made.statement).toMatchObject({ artifacts: [{ format: "declared" }, { format: "declared" }] });
    expect(made.statement.source).toBeUndefined();
    await reopened(output, ["p-2.0.tar.gz", "p-2.0-py3.whl"]);
  });

  test("refuses names that do not belong to a release", async () => {
    for (const name of ["../x", "-x", "a/b", "p-2.0.SHA256SUMS", "p-2.0.release.json"]) {
      const output = temporary();
      await expect(packFiles({ ...about, files: [source(name, "x")], output })).rejects.toMatchObject({
        code: "NAME_REFUSED",
      });
      expect(readdirSync(output)).toEqual([]);
    }
    const twice = packFiles({ ...about, files: [source("a", "1"), source("a", "1")], output: temporary() });
    await expect(twice).rejects.toMatchObject({ code: "NAME_REFUSED" });
    const lying = { ...source("a", "123"), size: 2 };
    await expect(packFiles({ ...about, files: [lying], output: temporary() })).rejects.toMatchObject({
      code: "FILE_CHANGED",
    });
  });
});

function hasXz(): boolean {
  try {
    execFileSync("xz", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
