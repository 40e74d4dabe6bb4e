import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Signer, verifyTag } from "@countersign/core";
import { describe, expect, test } from "vitest";
import { checkTagName, openRepository, readTag, signTag, writeTar } from "../src/index.ts";
import { commitOf, git, repository, temporary } from "./repositories.ts";
import { testKey, testScheme, testSigner } from "./scheme.ts";

const now = new Date("2024-01-01T00:00:00Z");
const tagger = "Ada Maintainer <ada@example.org>";
const files = { a: "1\n", "d/b": "2\n" };

function mktag(path: string, name: string, text: string): void {
  const id = git(path, ["hash-object", "-t", "tag", "-w", "--literally", "--stdin"], { input: text });
  git(path, ["update-ref", `refs/tags/${name}`, id.toString().trim()]);
}

async function read(path: string, name: string, options = {}) {
  return await readTag(await openRepository(path), name, options);
}

describe("readTag", () => {
  test.each(["sha1", "sha256"] as const)("gives raw objects (%s)", async (format) => {
    const path = repository(files, { format });
    const { tag, commit } = await read(path, "v1.0");
    expect(tag?.id).toBe(git(path, ["rev-parse", "refs/tags/v1.0"]).toString().trim());
    expect(commit).toMatchObject({ id: commitOf(path), time: 1700000001 });
    expect(Buffer.from(commit.bytes)).toEqual(git(path, ["cat-file", "commit", "HEAD"]));
  });

  test("a lightweight tag only where it is asked for", async () => {
    const path = repository(files);
    git(path, ["tag", "light"]);
    await expect(read(path, "light")).rejects.toMatchObject({ code: "TAG_UNSIGNED" });
    expect(await read(path, "light", { lightweight: true })).toMatchObject({
      tag: undefined,
      commit: { id: commitOf(path) },
    });
  });

  test("a tag object under another name, or of something else, is refused", async () => {
    const path = repository(files);
    git(path, ["update-ref", "refs/tags/v2.0", "refs/tags/v1.0"]);
    await expect(read(path, "v2.0")).rejects.toMatchObject({ code: "TAG_MISMATCH" });
    git(path, ["tag", "-a", "-m", "x", "nested", "v1.0"]);
    await expect(read(path, "nested")).rejects.toMatchObject({ code: "TAG_MISMATCH" });
    git(path, ["tag", "tree", "HEAD^{tree}"]);
    await expect(read(path, "tree")).rejects.toMatchObject({ code: "TAG_MISMATCH" });
    await expect(read(path, "missing")).rejects.toMatchObject({ code: "TAG_UNKNOWN" });
    mktag(path, "odd", `object ${commitOf(path)}\ntype commit\ntag odd\nevil x\n\nx\n`);
    await expect(read(path, "odd")).rejects.toMatchObject({ code: "GIT_OBJECT_MALFORMED" });
  });

  test("an object that is not what its id says is refused", async () => {
    const path = repository(files);
    const id = git(path, ["rev-parse", "refs/tags/v1.0"]).toString().trim();
    git(path, ["tag", "-a", "-m", "evil", "evil"]);
    const evil = git(path, ["rev-parse", "refs/tags/evil"]).toString().trim();
    const at = (object: string) => join(path, ".git/objects", object.slice(0, 2), object.slice(2));
    rmSync(at(id));
    copyFileSync(at(evil), at(id));
    await expect(read(path, "v1.0")).rejects.toMatchObject({ code: "TAG_MISMATCH" });
  });

  test.each([
    "-x",
    "--upload-pack=evil",
    "a..b",
    "a b",
    "a\nb",
    "x.lock",
    ".x",
    "x/.y",
    "a~1",
    "a^{}",
    "",
    "@",
    "a@{1}",
    "x/",
    "/x",
    "a//b",
    "a\\b",
    "x.",
  ])("the name %j is refused", (name) => {
    expect(() => checkTagName(name)).toThrow(expect.objectContaining({ code: "TAG_UNKNOWN" }));
    expect(() => git("/", ["check-ref-format", `refs/tags/${name}`])).toSatisfy(
      (run: () => void) => name.startsWith("-") || name === "@" || throws(run),
    );
  });
  test.each(["v1.0", "release/1.0", "1.0+x", "ä"])("the name %j is fine", (name) => {
    expect(checkTagName(name)).toBe(name);
  });

  test("no repository", async () => {
    await expect(openRepository(temporary())).rejects.toMatchObject({ code: "REPOSITORY_UNREADABLE" });
    await expect(openRepository("/nonexistent")).rejects.toMatchObject({ code: "REPOSITORY_UNREADABLE" });
  });
});

function throws(run: () => void): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

describe("signTag and verifyTag", () => {
  async function signed(format: "sha1" | "sha256" = "sha1") {
    const path = repository(files, { format });
    const opened = await openRepository(path);
    const made = await signTag({
      repository: opened,
      name: "v2.0",
      commit: "HEAD",
      message: "Second release\n\nwith a body\n",
      tagger,
      date: new Date(1_700_000_100_900),
      signer: testSigner("ada"),
    });
    return { path, opened, made };
  }
  const ask = async (path: string, name: string, keys = [testKey("ada")]) =>
    await verifyTag({
      bytes: (await read(path, name)).tag?.bytes ?? new Uint8Array(),
      name,
      schemes: [testScheme],
      keys,
      at: now,
    });

  test.each(["sha1", "sha256"] as const)("a tag carries its content's id (%s)", async (format) => {
    const { path, opened, made } = await signed(format);
    const verified = await ask(path, "v2.0");
    const tar = await writeTar(opened, (await readTag(opened, "v2.0")).commit, {
      prefix: "",
      sink: () => undefined,
    });
    expect(verified).toMatchObject({ by: { key: "ada" }, contentTree: tar.contentTree });
    expect(made).toMatchObject({ commit: commitOf(path), contentTree: tar.contentTree });
    git(path, ["fsck", "--strict"]);
    expect(verified.tag.message).toBe(
      `Second release\n\nwith a body\n\nCountersign-Tree: sha256:${tar.contentTree}\n`,
    );
  });

  test("a tag is never moved", async () => {
    const { opened } = await signed();
    const again = signTag({
      repository: opened,
      name: "v2.0",
      commit: "HEAD",
      message: "again",
      tagger,
      date: now,
      signer: testSigner("ada"),
    });
    await expect(again).rejects.toMatchObject({ code: "FILE_EXISTS" });
  });

  test.each([
    ["an empty message", { message: " \n" }, "USAGE"],
    ["a signature in the message", { message: "x\n-----BEGIN PGP SIGNATURE-----\n" }, "USAGE"],
    ["a trailer in the message", { message: "x\n\nCountersign-Tree: sha256:0\n" }, "USAGE"],
    ["a tagger of two lines", { tagger: "A <a>\ntree x <b>" }, "USAGE"],
    ["a commit that is an option", { commit: "--all" }, "TAG_UNKNOWN"],
    ["a name that is an option", { name: "-d" }, "TAG_UNKNOWN"],
  ])("%s is refused", async (_, change, code) => {
    const opened = await openRepository(repository(files));
    const base = { repository: opened, name: "v3", commit: "HEAD", message: "m", tagger, date: now };
    await expect(signTag({ ...base, ...change, signer: testSigner("ada") })).rejects.toMatchObject({ code });
    await expect(readTag(opened, "v3")).rejects.toMatchObject({ code: "TAG_UNKNOWN" });
  });

  test("attacks on a signed tag are refused", async () => {
    const { path } = await signed();
    const raw = git(path, ["cat-file", "tag", "v2.0"]).toString();
    const code = async (name: string, keys = [testKey("ada")]) =>
      await ask(path, name, keys).then(
        () => "verified",
        (error) => error.code,
      );
    expect(await code("v2.0")).toBe("verified");
    expect(await code("v1.0")).toBe("TAG_UNSIGNED");
    expect(await code("v2.0", [])).toBe("KEY_UNKNOWN");
    expect(await code("v2.0", [{ ...testKey("ada"), scheme: "other" }])).toBe("KEY_UNKNOWN");
    expect(await code("v2.0", [testKey("ada", { until: new Date("2023-12-01") })])).toBe("KEY_EXPIRED");
    expect(await code("v2.0", [testKey("ada", { revoked: { reason: "compromised" } })])).toBe("KEY_REVOKED");
    mktag(path, "v2.1", raw.replace("tag v2.0", "tag v2.1"));
    expect(await code("v2.1")).toBe("SIGNATURE_BAD");
    mktag(
      path,
      "x509",
      raw.replace(/-----BEGIN SSH SIGNATURE/, "-----BEGIN SIGNED MESSAGE").replace("tag v2.0", "tag x509"),
    );
    expect(await code("x509")).toBe("SCHEME_UNKNOWN");
    mktag(path, "pgp", raw.replace(/-----BEGIN SSH/, "-----BEGIN PGP").replace("tag v2.0", "tag pgp"));
    expect(await code("pgp")).toBe("SCHEME_UNKNOWN");
  });

  const ssh = process.env.CI_INTEGRATION === "1" || hasSshKeygen();
  test.skipIf(!ssh)(`git itself verifies it${ssh ? "" : " (skipped: no ssh-keygen)"}`, async () => {
    const path = repository(files);
    const home = temporary();
    const key = join(home, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", key]);
    const signer: Signer = {
      scheme: "ssh",
      fingerprint: "",
      interactive: false,
      async sign(message) {
        const parts: Uint8Array[] = [];
        for await (const part of message.open() as unknown as AsyncIterable<Uint8Array>) parts.push(part);
        writeFileSync(join(home, "m"), Buffer.concat(parts));
        execFileSync("ssh-keygen", ["-q", "-Y", "sign", "-n", "git", "-f", key, join(home, "m")]);
        return { scheme: "ssh", extension: ".sshsig", bytes: readFileSync(join(home, "m.sig")) };
      },
    };
    const opened = await openRepository(path);
    await signTag({
      repository: opened,
      name: "v2.0",
      commit: "main",
      message: "x",
      tagger,
      date: now,
      signer,
    });
    writeFileSync(join(home, "allowed"), `ada@example.org ${readFileSync(`${key}.pub`, "utf8")}`);
    git(path, [
      "-c",
      "gpg.format=ssh",
      "-c",
      `gpg.ssh.allowedSignersFile=${join(home, "allowed")}`,
      "verify-tag",
      "v2.0",
    ]);
  });
});

function hasSshKeygen(): boolean {
  try {
    execFileSync("ssh-keygen", ["-?"], { stdio: "ignore" });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
