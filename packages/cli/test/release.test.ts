/** A release from tag to download, as people type it; then everything that they might type wrong. */

import { execFileSync } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Person, type } from "./run.ts";

const project = "https://example.org/foo";
let room: string;
let alice: Person;
let user: Person;
let server: Server;
let url: string;

const git = (...args: string[]): string =>
  execFileSync(
    "git",
    ["-C", join(room, "repo"), "-c", "user.name=A", "-c", "user.email=a@example.org", ...args],
    { encoding: "utf8", env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" } },
  );

async function ok(person: Person, ...argv: string[]) {
  const ran = await type(person, ...argv);
  expect(ran.exit, `${argv.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(0);
  return ran;
}

beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), "countersign-cli-"));
  alice = { cwd: room, home: join(room, "home-alice") };
  user = { cwd: room, home: join(room, "home-user") };
  await mkdir(join(room, "repo"));
  execFileSync("git", ["init", "--quiet", "-b", "main", join(room, "repo")]);
  await writeFile(join(room, "repo", "hello.c"), "int main(void) { return 0; }\n");
  await writeFile(join(room, "repo", "run.sh"), "#!/bin/sh\n");
  await chmod(join(room, "repo", "run.sh"), 0o755);
  git("add", "-A");
  git("commit", "--quiet", "-m", "first");
  await ok(alice, "keys", "generate", "alice", "--output", "keys");
  await ok(alice, "keys", "generate", "bob", "--output", "keys");
  const { verifierKey } = (
    await ok(alice, "log", "init", "log", "--origin", "example.org/log", "--format", "json")
  ).json().result;
  await writeFile(
    join(room, "policy.yaml"),
    `countersign: policy/v1\nproject: ${project}\nserial: 1\nsigners:\n  alice: { openpgp: keys/alice.asc }\n  bob: { openpgp: keys/bob.asc }\nrequire:\n  tag: { anyOf: [alice] }\n  release: { atLeast: 2, of: [alice, bob] }\nlogs: { anyOf: ["log ${verifierKey}"] }\n`,
  );
  await ok(alice, "policy", "check", "policy.yaml");
  await ok(alice, "policy", "seal", "policy.yaml", "--output", "foo.policy");
  await ok(alice, "trust", "add", "foo.policy", "--yes");
  await ok(
    alice,
    "tag",
    "v1.0",
    "--repo",
    "repo",
    "--key",
    "keys/alice.key.asc",
    "--tagger",
    "Alice <alice@example.org>",
  );
  await ok(
    alice,
    "pack",
    "v1.0",
    "--repo",
    "repo",
    "--name",
    "foo",
    "--project",
    project,
    "--key",
    "keys/alice.asc",
    "--formats",
    "tar,tar.gz",
    "--output",
    "dist",
  );
  await ok(alice, "sign", "dist", "--signer", "alice", "--key", "keys/alice.key.asc");
  await ok(alice, "stage", "dist", "--to", "directory:site");
  server = createServer(async (request, response) => {
    const bytes = await readFile(join(room, "site", new URL(request.url ?? "", "http://x").pathname)).catch(
      () => undefined,
    );
    if (bytes) response.end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => server?.close());

describe("one after the other", () => {
  test("status names who is missing; publish refuses, and nothing is visible", async () => {
    const status = await type(alice, "status", "directory:site");
    expect(status.exit).toBe(1);
    expect(status.stdout).toContain("missing     release: bob");
    const gate = await type(alice, "publish", "directory:site", "--log", "log", "--format", "json");
    expect(gate.exit).toBe(1);
    expect(gate.json().error).toMatchObject({
      code: "QUORUM_MISSING",
      message: expect.stringContaining("bob"),
    });
    expect(await readdir(join(room, "site"))).toEqual([".countersign-staged"]);
  });

  test("dry runs change nothing", async () => {
    await ok(alice, "sign", "dist", "--signer", "bob", "--key", "keys/bob.key.asc", "--dry-run");
    await ok(alice, "stage", "dist", "--to", "directory:elsewhere", "--dry-run");
    await ok(
      alice,
      "pack",
      "v1.0",
      "--repo",
      "repo",
      "--key",
      "keys/alice.asc",
      "--output",
      "nowhere",
      "--dry-run",
    );
    expect(await readdir(room)).not.toEqual(expect.arrayContaining(["elsewhere", "nowhere"]));
    expect(await readdir(join(room, "dist"))).not.toContain("foo-1.0.SHA256SUMS.bob.asc");
  });

  test("the second signature lets it through, once", async () => {
    await ok(alice, "sign", "dist", "--signer", "bob", "--key", "keys/bob.key.asc");
    expect(
      (await ok(alice, "sign", "dist", "--signer", "bob", "--key", "keys/bob.key.asc")).stdout,
    ).toContain("there already");
    await ok(alice, "stage", "dist", "--to", "directory:site");
    await ok(alice, "publish", "directory:site", "--log", "log", "--dry-run");
    expect((await ok(alice, "publish", "directory:site", "--log", "log")).stdout).toContain("published: 1.0");
    expect((await ok(alice, "publish", "directory:site@1.0", "--log", "log")).stdout).toContain(
      "was published already",
    );
    expect((await ok(alice, "log", "check", "log")).stdout).toContain("1 entries");
  });

  test("a signature that is there counts as made only if it is this key's, over this manifest", async () => {
    await cp(join(room, "dist"), join(room, "dist-again"), { recursive: true });
    await cp(
      join(room, "dist-again", "foo-1.0.SHA256SUMS.bob.asc"),
      join(room, "dist-again", "foo-1.0.SHA256SUMS.alice.asc"),
    );
    expect(
      await type(alice, "sign", "dist-again", "--signer", "alice", "--key", "keys/alice.key.asc"),
    ).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("no signature of this key"),
    });
  });

  test("a stranger pins, gets, verifies", async () => {
    const refused = await type(user, "get", url, "--output", "down");
    expect(refused).toMatchObject({ exit: 2, stderr: expect.stringContaining("POLICY_NOT_PINNED") });
    expect(await type(user, "trust", "add", "foo.policy")).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("nothing was pinned"),
    });
    await ok({ ...user, answer: true }, "trust", "add", "foo.policy");
    await ok(user, "get", `${url}1.0/`, "--output", "down");
    expect((await ok(user, "verify", "down/foo-1.0.tar.gz", "--explain")).stdout).toContain(
      "holds the tree of commit",
    );
    await ok(user, "verify", "down");
    await ok(user, "verify", `${url}1.0/foo-1.0.tar`);
    await ok(user, "verify", url);
    await ok(user, "verify", "directory:site@1.0");
    await ok(user, "verify", "down/foo-1.0.tar", "down/foo-1.0.tar.gz", "--policy", "foo.policy");
    await ok(user, "status", url);
  });

  test("a directory with several releases, and with what is none", async () => {
    await ok(
      alice,
      "tag",
      "v1.3",
      "--repo",
      "repo",
      "--key",
      "keys/alice.key.asc",
      "--tagger",
      "Alice <alice@example.org>",
    );
    await ok(
      alice,
      "pack",
      "v1.3",
      "--repo",
      "repo",
      "--name",
      "foo",
      "--project",
      project,
      "--key",
      "keys/alice.asc",
      "--formats",
      "tar.gz",
      "--output",
      "dist13",
    );
    for (const who of ["alice", "bob"])
      await ok(alice, "sign", "dist13", "--signer", who, "--key", `keys/${who}.key.asc`);
    await ok(alice, "stage", "dist13", "--to", "directory:site");
    expect(await type(alice, "get", "directory:site", "--output", "x")).toMatchObject({ exit: 0 });
    await ok(alice, "publish", "directory:site@1.3", "--log", "log");
    expect(await type(alice, "get", "directory:site", "--output", "x2")).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("RELEASE_AMBIGUOUS"),
    });
    await cp(join(room, "down"), join(room, "many"), { recursive: true });
    await ok(user, "get", "directory:site@1.3", "--output", "many");
    await writeFile(join(room, "many", "evil.tar.xz"), "x");
    const { stdout } = await ok(user, "verify", "many");
    expect(stdout).toContain("foo 1.0");
    expect(stdout).toContain("foo 1.3");
    expect(stdout).toContain("not part of the release: evil.tar.xz");
    await ok(user, "verify", "many/foo-1.3.tar.gz");
    await writeFile(
      join(room, "many", "foo-1.3.tar.gz"),
      Buffer.alloc((await stat(join(room, "many", "foo-1.3.tar.gz"))).size),
    );
    const tampered = await type(user, "verify", "many");
    expect(tampered).toMatchObject({ exit: 1, stdout: expect.stringContaining("ARTIFACT_MISMATCH") });
    expect(tampered.stdout).toContain("✓ foo 1.0");
    expect(await type(user, "verify", "many/evil.tar.xz")).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining("ARTIFACT_UNKNOWN"),
    });
  });

  test("junk beside a good release turns nothing red", async () => {
    await cp(join(room, "down"), join(room, "junk"), { recursive: true });
    const bundle = JSON.parse(await readFile(join(room, "junk", "foo-1.0.countersign.json"), "utf8"));
    bundle.manifest.name = "x-1.0.SHA256SUMS";
    await writeFile(join(room, "junk", "aaa.countersign.json"), JSON.stringify(bundle));
    await writeFile(join(room, "junk", `${"a".repeat(121)}.SHA256SUMS`), "x");
    await symlink("nowhere", join(room, "junk", "foo-1.0.countersign.2.json"));
    await symlink("nowhere", join(room, "junk", "foo-1.0.SHA256SUMS.eve.asc"));
    for (let i = 0; i < 250; i++)
      await writeFile(join(room, "junk", `foo-1.0.SHA256SUMS.junk${i}.asc`), `junk ${i}`);
    for (let i = 0; i < 60; i++) await writeFile(join(room, "junk", `foo-1.0.${i}.countersign.json`), "{}");
    await ok(user, "verify", "junk/foo-1.0.tar.gz");
    await ok(user, "verify", "junk");
  });

  test("another pinned project's evidence beside a release does not decide by which policy it is judged", async () => {
    const other = (await readFile(join(room, "policy.yaml"), "utf8")).replace(
      project,
      "https://example.org/alpha",
    );
    await writeFile(join(room, "alpha.yaml"), other);
    await ok(alice, "policy", "seal", "alpha.yaml", "--output", "alpha.policy");
    await ok(user, "trust", "add", "alpha.policy", "--yes");
    await ok(
      alice,
      "pack",
      "v1.0",
      "--repo",
      "repo",
      "--name",
      "alpha",
      "--project",
      "https://example.org/alpha",
      "--key",
      "keys/alice.asc",
      "--formats",
      "tar.gz",
      "--output",
      "dist-alpha",
    );
    await cp(join(room, "down"), join(room, "mixed"), { recursive: true });
    await cp(join(room, "dist-alpha"), join(room, "mixed"), { recursive: true });
    await ok(user, "verify", "mixed/foo-1.0.tar.gz");
    // Nobody signed alpha, and its tarball is here too.
    expect((await type(user, "verify", "mixed")).exit).toBe(1);
    expect((await type(user, "verify", "mixed/alpha-1.0.tar.gz")).exit).toBe(1);
    for (const name of await readdir(join(user.home, "trust"))) {
      const path = join(user.home, "trust", name);
      if ((await readFile(path, "utf8")).includes("example.org/alpha")) await writeFile(path, "{");
    }
    await ok(user, "trust", "remove", "https://example.org/alpha");
  });

  test("status fails closed: without a policy, with another project, without readable evidence", async () => {
    expect(
      await type({ ...user, home: join(room, "home-nobody") }, "status", "directory:site@1.0"),
    ).toMatchObject({ exit: 2, stderr: expect.stringContaining("trust add") });
    expect(
      await type(user, "status", "directory:site@1.0", "--project", "https://example.org/other"),
    ).toMatchObject({ exit: 2 });
    expect(
      await type(
        user,
        "status",
        "directory:site@1.0",
        "--policy",
        "foo.policy",
        "--project",
        "https://example.org/other",
      ),
    ).toMatchObject({ exit: 1, stdout: expect.stringContaining("PROJECT_MISMATCH") });
    await cp(join(room, "site"), join(room, "site-bare"), { recursive: true });
    for (const name of ["countersign.json", "release.json", "SHA256SUMS"])
      await rm(join(room, "site-bare", "1.0", `foo-1.0.${name}`));
    expect((await type(user, "status", "directory:site-bare@1.0")).exit).toBe(1);
  });

  test("nothing from a file steers the terminal, and no secret is repeated", async () => {
    await mkdir(join(room, "esc"));
    await writeFile(
      join(room, "esc", "x.countersign.json"),
      '{"countersign":"\\u001b[31mPWNED\\u001b]0;t\\u0007\\u009b"}',
    );
    for (const format of ["text", "json"]) {
      const ran = await type(user, "verify", "esc", "--policy", "foo.policy", "--format", format);
      expect(ran.exit).toBe(1);
      expect(`${ran.stdout}${ran.stderr}`).toContain("PWNED");
      expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
    const secret = (await readFile(join(room, "log.key"), "utf8")).trim();
    const ran = await type(user, "log", "check", "log", "--verifier-key", secret);
    expect(ran.exit).toBe(2);
    expect(ran.stderr).not.toContain(secret.slice(20, 40));
  });

  test("keys generate goes on where it was killed", async () => {
    await ok(alice, "keys", "generate", "carol", "--output", "keys");
    const { keys } = (await ok(alice, "keys", "show", "keys/carol.asc", "--format", "json")).json().result;
    await rm(join(room, "keys", "carol.asc"));
    expect(
      (await ok(alice, "keys", "generate", "carol", "--output", "keys", "--format", "json")).json().result
        .keys,
    ).toEqual(keys);
    expect(await type(alice, "keys", "generate", "carol", "--output", "keys")).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("FILE_EXISTS"),
    });
  });

  test("with keys alone it says what it did not check", async () => {
    const { stdout } = await ok(user, "verify", "down/foo-1.0.tar.gz", "--key", "keys/alice.asc");
    expect(stdout).toContain("not checked: which project this is");
    expect(
      await type(user, "verify", "down/foo-1.0.tar.gz", "--key", "keys/alice.asc", "--policy", "foo.policy"),
    ).toMatchObject({ exit: 2 });
  });

  test("what was changed is refused with 1, and the report says why", async () => {
    await cp(join(room, "down"), join(room, "bad"), { recursive: true });
    await writeFile(
      join(room, "bad", "foo-1.0.tar.gz"),
      Buffer.alloc((await stat(join(room, "bad", "foo-1.0.tar.gz"))).size),
    );
    const one = await type(user, "verify", "bad/foo-1.0.tar.gz", "--format", "json");
    expect(one.exit).toBe(1);
    expect(one.json()).toMatchObject({
      countersign: "result/v1",
      command: "verify",
      exit: 1,
      error: { code: "ARTIFACT_MISMATCH" },
      result: { report: { verified: false } },
    });
    expect((await type(user, "verify", "bad")).exit).toBe(1);
    expect((await type(user, "verify", "down/foo-1.0.tar.gz", "--release", "2.0")).stdout).toContain(
      "VERSION_MISMATCH",
    );
    expect(
      (
        await type(
          user,
          "verify",
          "down/foo-1.0.tar.gz",
          "--policy",
          "foo.policy",
          "--project",
          "https://example.org/bar",
        )
      ).stdout,
    ).toContain("PROJECT_MISMATCH");
  });

  test("get refuses a site whose bytes were swapped, and leaves nothing under the final name", async () => {
    await cp(join(room, "site"), join(room, "good-site"), { recursive: true });
    await writeFile(
      join(room, "site", "1.0", "foo-1.0.tar"),
      Buffer.alloc((await stat(join(room, "site", "1.0", "foo-1.0.tar"))).size),
    );
    expect(await type(user, "get", `${url}@1.0`, "--output", "down2", "--only", "foo-1.0.tar")).toMatchObject(
      {
        exit: 1,
        stderr: expect.stringContaining("ARTIFACT_MISMATCH"),
      },
    );
    expect(await readdir(join(room, "down2"))).toEqual([]);
    expect(await type(user, "status", `${url}1.0/`)).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining("ARTIFACT_MISMATCH"),
    });
  });
});

describe("what people might type wrong", () => {
  test.each<[string, number, string]>([
    ["verfy x", 2, "is it verify"],
    ["verify", 2, "needs an argument"],
    ["verify --nonsense x", 2, "Unknown option"],
    ["verify x --format xml", 2, "--format is text or json"],
    ["verify missing.tar", 2, "no such file"],
    ["verify ftp://x/y", 2, "LOCATOR_UNKNOWN"],
    ["verify directory:nowhere@1.0", 3, "RELEASE_MISSING"],
    ["get directory:nowhere --output x", 3, "RELEASE_MISSING"],
    ["get somewhere --output x", 2, "expected a locator or URL"],
    ["stage dist", 2, "say where to stage"],
    ["stage repo --to directory:x", 3, "holds no"],
    ["stage dist --to http://127.0.0.1:1/", 2, "only be read"],
    ["sign dist --key keys/alice.key.asc", 2, "--signer NAME"],
    ["sign dist --signer alice", 2, "say which key signs"],
    ["sign dist --signer ../x --key keys/alice.key.asc", 2, "signer's name"],
    ["pack v1.0 --repo repo --output o", 2, "--key KEYS"],
    ["pack v9 --repo repo --key keys/alice.asc --output o", 2, "TAG_UNKNOWN"],
    ["pack v1.0 --repo repo --key keys/bob.asc --output o", 1, "KEY_UNKNOWN"],
    ["pack v1.0 --repo keys --key keys/alice.asc --output o", 2, "REPOSITORY_UNREADABLE"],
    ["pack v1.0 --repo repo --key policy.yaml --output o", 2, "KEY_MALFORMED"],
    ["pack v1.0 --repo repo --key keys/alice.asc --formats rar --output o", 2, "--formats"],
    ["tag v1.0 --repo repo --key keys/alice.key.asc --tagger Alice", 2, "already"],
    ["trust add policy.yaml", 2, "POLICY_NOT_SEALED"],
    ["trust show https://example.org/none", 2, "POLICY_NOT_PINNED"],
    ["trust frobnicate", 2, "trust knows"],
    ["policy seal foo.policy --output y", 2, "POLICY_MALFORMED"],
    ["policy check nothing.yaml", 2, "no such file"],
    ["log init log --origin other.org/log", 2, "FILE_EXISTS"],
    ["log proof log 99", 3, "LOG_UNAVAILABLE"],
    ["log check nowhere", 2, "cannot be read"],
    ["keys show hello", 2, "no such file"],
  ])("%s → %i", async (line, exit, message) => {
    const ran = await type({ ...alice, home: join(room, "home-nobody") }, ...line.split(" "));
    expect(`${ran.stdout}${ran.stderr}`).toContain(message);
    expect(ran.exit).toBe(exit);
    if (!message.startsWith("Unknown")) expect(ran.stderr).toMatch(/^ {2}→ \S/m);
  });

  test("an unsigned tag is refused unless one says so", async () => {
    git("tag", "-a", "-m", "unsigned", "v1.1");
    git("tag", "v1.2");
    for (const tag of ["v1.1", "v1.2"]) {
      expect(
        await type(alice, "pack", tag, "--repo", "repo", "--key", "keys/alice.asc", "--output", `o-${tag}`),
      ).toMatchObject({ exit: 1, stderr: expect.stringContaining("TAG_UNSIGNED") });
      await ok(
        alice,
        "pack",
        tag,
        "--repo",
        "repo",
        "--insecure-unsigned-tag",
        "--formats",
        "tar.gz",
        "--output",
        `o-${tag}`,
      );
    }
  });

  test("another policy for a pinned project is not slipped in", async () => {
    const text = await readFile(join(room, "policy.yaml"), "utf8");
    await writeFile(join(room, "newer.yaml"), text.replace("serial: 1", "serial: 2"));
    await ok(alice, "policy", "seal", "newer.yaml", "--output", "newer.policy");
    const ran = await type(alice, "trust", "add", "newer.policy", "--yes");
    expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining("POLICY_REPLACED") });
    expect((await ok(alice, "trust", "show", project)).stdout).toContain("serial 1");
  });

  test("one key is not enough for a policy", async () => {
    await writeFile(
      join(room, "weak.yaml"),
      `countersign: policy/v1\nproject: ${project}\nserial: 1\nsigners: { alice: { openpgp: keys/alice.asc } }\nrequire: { release: { anyOf: [alice] } }\n`,
    );
    expect(await type(alice, "policy", "check", "weak.yaml")).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining("one stolen key of alice's"),
    });
  });

  test.each<[string, string]>([
    ["serial: 1", "serial: one"],
    ["anyOf: [alice]", "anyOf: [carol]"],
    ["atLeast: 2", "atLeast: 3"],
    ["keys/bob.asc", "keys/alice.asc"],
    ["keys/bob.asc", "keys/bob.key.asc"],
    ["serial: 1", "serial: 1\nserial: 2"],
    ["serial: 1", "serial: 1\nextra: 2"],
    ["alice: {", "Alice: {"],
    ["logs: {", "clocks: {}\nlogs: {"],
    ['["log ', '["witness '],
  ])("a policy with %s made %s is refused", async (from, to) => {
    const text = await readFile(join(room, "policy.yaml"), "utf8");
    await writeFile(join(room, "wrong.yaml"), text.replace(from, to));
    const ran = await type(alice, "policy", "check", "wrong.yaml");
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toMatch(/POLICY_MALFORMED|KEY_MALFORMED/);
  });
});

test("help is there for every command, with examples", async () => {
  const { stdout } = await ok(user, "help");
  const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name ?? "");
  expect(names.length).toBeGreaterThan(12);
  for (const name of names)
    expect((await ok(user, name, "--help")).stdout).toMatch(
      /Usage[\s\S]*Options[\s\S]*Examples\n {2}countersign /,
    );
});

test("init writes settings that are read, and a policy to edit", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "countersign-init-"));
  const person = { cwd, home: join(cwd, "home") };
  await ok(person, "init", "--project", project, "--name", "foo", "--forge", "directory:site");
  expect(await readdir(cwd)).toEqual(["countersign.yaml", "policy.yaml"]);
  expect(
    (await ok(person, "init", "--project", project, "--name", "foo", "--forge", "directory:site")).stdout,
  ).toContain("is there already");
  expect(await type(person, "init", "--project", "https://example.org/other")).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining("FILE_EXISTS"),
  });
});
