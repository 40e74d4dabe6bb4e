/** A real project from Debian's sources: upstream's signature checked, then released and verified by the built program, plain tools beside it. */

import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSource } from "@countersign/node";
import { openpgpScheme } from "@countersign/signature-openpgp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, must, run, startNginx, suite } from "./programs.ts";

const project = "https://example.org/curl";
const programs = ["apt-get", "git", "gpg", "gpgv", "ssh-keygen", "nginx", "xz", "sha256sum"];

suite("curl, from Debian's sources", programs, () => {
  let room: string;
  let server: Awaited<ReturnType<typeof startNginx>> | undefined;
  const type = (home: string, ...args: string[]) =>
    run([process.execPath, cli, ...args], {
      cwd: room,
      env: { COUNTERSIGN_HOME: join(room, home), GNUPGHOME: join(room, "g") },
    });
  const ok = async (home: string, ...args: string[]): Promise<string> => {
    const ran = await type(home, ...args);
    expect(ran.status, `${args.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(0);
    return ran.stdout;
  };
  const gpg = (...args: string[]) =>
    must(["gpg", "--batch", ...args], { env: { GNUPGHOME: join(room, "g") } });
  const git = (...args: string[]) =>
    must(
      ["git", "-C", join(room, "repo"), "-c", "user.name=Mike", "-c", "user.email=mike@example.org", ...args],
      { env: { GNUPGHOME: join(room, "g"), GIT_CONFIG_GLOBAL: "/dev/null" } },
    );
  let tarball: string;
  let version: string;

  beforeAll(async () => {
    room = await mkdtemp(join(tmpdir(), "cs-curl-"));
    await mkdir(join(room, "source"));
    await must(["apt-get", "source", "--download-only", "-qq", "curl"], { cwd: join(room, "source") });
    const names = await readdir(join(room, "source"));
    tarball = names.find((name) => /\.orig\.tar\.[gx]z$/.test(name)) ?? "";
    version = /_([0-9.]+)\.orig/.exec(tarball)?.[1] ?? "";
    expect(version).toMatch(/^\d+\.\d+/);
  });

  afterAll(async () => {
    await server?.stop();
    await run(["gpgconf", "--kill", "all"], { env: { GNUPGHOME: join(room, "g") } });
    await rm(room, { recursive: true, force: true });
  });

  test("upstream's own signature of the original tarball is good", async () => {
    const source = join(room, "source");
    const names = await readdir(source);
    const debian = names.find((name) => name.includes(".debian.tar")) ?? "";
    await must(["tar", "-xf", debian, "debian/upstream/signing-key.asc"], { cwd: source });
    const scheme = openpgpScheme();
    const keys = await scheme.parseKeys(await readFile(join(source, "debian/upstream/signing-key.asc")));
    const signature = await readFile(join(source, `${tarball}.asc`));
    const original = await fileSource(join(source, tarball));
    expect(await scheme.check(original, signature, keys, { purpose: "file" })).toMatchObject([
      { outcome: "good" },
    ]);
    const cut = await fileSource(join(source, debian));
    expect(await scheme.check(cut, signature, keys, { purpose: "file" })).toMatchObject([{ outcome: "bad" }]);
  });

  test("imported, tagged, packed: byte for byte what git archive gives", async () => {
    await mkdir(join(room, "g"), { mode: 0o700 });
    await gpg("--passphrase", "", "--quick-gen-key", "Mike <mike@example.org>", "rsa3072", "sign");
    await writeFile(join(room, "mike.asc"), await gpg("--armor", "--export", "mike@example.org"));
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bob", "-f", join(room, "bob")]);
    await must(["tar", "--no-same-owner", "-xf", join(room, "source", tarball)], { cwd: room });
    const unpacked = (await readdir(room)).find((name) => name.startsWith("curl-")) ?? "";
    await rename(join(room, unpacked), join(room, "repo"));
    // What upstream leaves out of its archives stays in ours, so that the tree is the commit's.
    await rm(join(room, "repo/.gitattributes"), { force: true });
    await git("init", "--quiet", "-b", "main");
    await git("add", "--all", "--force");
    await git("commit", "--quiet", "--message", `curl ${version}`);
    await ok(
      "mike",
      "tag",
      `v${version}`,
      "--repo",
      "repo",
      "--gpg",
      "mike@example.org",
      "--tagger",
      "Mike <mike@example.org>",
    );
    await git("tag", "--verify", `v${version}`);
    await ok(
      "mike",
      "pack",
      `v${version}`,
      "--repo",
      "repo",
      "--name",
      "curl",
      "--project",
      project,
      "--key",
      "mike.asc",
      "--formats",
      "tar,tar.gz,tar.xz",
      "--output",
      "dist",
    );
    await git(
      "archive",
      "--format=tar",
      `--prefix=curl-${version}/`,
      "-o",
      join(room, "git.tar"),
      `v${version}`,
    );
    await must(["cmp", join(room, "git.tar"), join(room, `dist/curl-${version}.tar`)]);
  });

  test("signed with gpg and ssh, staged, published, served by nginx, fetched and verified by a stranger", async () => {
    const { verifierKey } = JSON.parse(
      await ok("mike", "log", "init", "log", "--origin", "example.org/curl-log", "--format", "json"),
    ).result;
    const policy = `countersign: policy/v1
project: ${project}
serial: 1
signers: { mike: { openpgp: mike.asc }, bob: { ssh: bob.pub } }
require: { tag: { anyOf: [mike] }, release: { allOf: [mike, bob] } }
logs: { anyOf: ["log ${verifierKey}"] }
`;
    await writeFile(join(room, "policy.yaml"), policy);
    await ok("mike", "policy", "seal", "policy.yaml", "--output", "curl.policy");
    await ok("mike", "trust", "add", "curl.policy", "--yes");
    await ok("mike", "sign", "dist", "--signer", "mike", "--gpg", "mike@example.org");
    await ok("mike", "sign", "dist", "--signer", "bob", "--ssh", "bob");
    await ok("mike", "stage", "dist", "--to", "directory:site");
    await ok("mike", "status", "directory:site");
    server = await startNginx(join(room, "site"), room);
    const early = await type(
      "user",
      "get",
      `${server.url}${version}/`,
      "--output",
      "early",
      "--policy",
      "curl.policy",
    );
    expect(early.status).toBe(3);
    await ok("mike", "publish", "directory:site", "--log", "log");
    await ok("user", "trust", "add", "curl.policy", "--yes");
    await ok("user", "get", `${server.url}${version}/`, "--output", "down");
    await ok("user", "verify", join("down", `curl-${version}.tar.gz`));
    const explained = await ok("user", "verify", join("down", `curl-${version}.tar.xz`), "--explain");
    expect(explained).toContain("holds the tree of commit");
    await ok("user", "verify", server.url);
    await ok("mike", "log", "check", "log");
  });

  test("plain tools say the same", async () => {
    const down = join(room, "down");
    const manifest = `curl-${version}.SHA256SUMS`;
    await gpg("--export", "--output", join(room, "mike.gpg"), "mike@example.org");
    await must(["gpgv", "--keyring", join(room, "mike.gpg"), `${manifest}.mike.asc`, manifest], {
      cwd: down,
    });
    await writeFile(join(room, "allowed"), `bob ${await readFile(join(room, "bob.pub"), "utf8")}`);
    await must(
      [
        "ssh-keygen",
        "-Y",
        "verify",
        "-n",
        "countersign-release",
        "-f",
        join(room, "allowed"),
        "-I",
        "bob",
        "-s",
        `${manifest}.bob.sshsig`,
      ],
      { cwd: down, input: await readFile(join(down, manifest)) },
    );
    expect(await must(["sha256sum", "--ignore-missing", "-c", manifest], { cwd: down })).toContain(
      `curl-${version}.tar.gz: OK`,
    );
    const id = await must(["sh", "-c", `gzip -dc curl-${version}.tar.gz | git get-tar-commit-id`], {
      cwd: down,
    });
    expect(id.trim()).toBe((await git("rev-parse", "HEAD")).trim());
  });

  test("one byte changed is refused", async () => {
    await cp(join(room, "down"), join(room, "bad"), { recursive: true });
    const name = `curl-${version}.tar.gz`;
    const bytes = await readFile(join(room, "bad", name));
    const at = (await stat(join(room, "bad", name))).size >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(join(room, "bad", name), bytes);
    const ran = await type("user", "verify", join("bad", name));
    expect(ran).toMatchObject({ status: 1, stdout: expect.stringContaining("ARTIFACT_MISMATCH") });
  });
});
