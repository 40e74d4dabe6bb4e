/** With the real gpg: what it makes is good here, and what we make is good there. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesSource, type RunProgram, type Signer, type Source, utf8 } from "@countersign/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../node/src/program.ts";
import { generateOpenpgpKey, openpgpKeySigner, openpgpScheme } from "../src/index.ts";
import { type GpgOptions, gpgSigner as newSigner } from "../src/node.ts";

// As the command line does it: the program is started by @countersign/node.
const gpgSigner = (options: Omit<GpgOptions, "run"> & Partial<Pick<GpgOptions, "run">>): Promise<Signer> =>
  newSigner({ run: runProgram, ...options });

const found = spawnSync("gpg", ["--version"]).error === undefined;
const missing = !found && process.env.CI_INTEGRATION !== "1";
const scheme = openpgpScheme();
const message = bytesSource("message", utf8("a message\n"));

describe.skipIf(missing)(`gpg${missing ? " (skipped: gpg is not installed)" : ""}`, () => {
  let homedir = "";
  const gpg = (args: readonly string[], input = ""): string => {
    const common = [
      "--homedir",
      homedir,
      "--batch",
      "--quiet",
      "--pinentry-mode",
      "loopback",
      "--passphrase",
      "",
    ];
    return execFileSync("gpg", [...common, ...args], { input, stdio: ["pipe", "pipe", "ignore"] }).toString();
  };
  const publicKey = (name: string): Uint8Array => utf8(gpg(["--armor", "--export", name]));

  beforeAll(() => {
    // Short, because the agent's socket in it may not have a long name.
    homedir = mkdtempSync(join(tmpdir(), "cg-"));
    for (const name of ["mara", "second"])
      gpg(["--quick-generate-key", `${name}@example.org`, "ed25519", "sign", "never"]);
  });
  afterAll(() => {
    spawnSync("gpgconf", ["--homedir", homedir, "--kill", "all"]);
    rmSync(homedir, { recursive: true, force: true });
  });

  test("signs through the agent, armored and binary, with the key that was named", async () => {
    const keys = await scheme.parseKeys(publicKey("mara@example.org"));
    const signer = await gpgSigner({ keyId: "mara@example.org", homedir });
    expect(signer).toMatchObject({ scheme: "openpgp", fingerprint: keys[0]?.id, interactive: false });
    for (const armor of [true, false]) {
      const { bytes, extension } = await signer.sign(message, { purpose: "release", armor });
      expect(extension).toBe(armor ? ".asc" : ".sig");
      expect(await scheme.check(message, bytes, keys, { purpose: "release" })).toMatchObject([
        { outcome: "good", key: signer.fingerprint },
      ]);
    }
    const named = await gpgSigner({ keyId: `${signer.fingerprint}!`, homedir });
    expect((await named.sign(message, { purpose: "tag" })).bytes.length).toBeGreaterThan(0);
  });

  test("reads keys and signatures that are made in process", async () => {
    const date = new Date("2026-01-02T03:04:05Z");
    for (const passphrase of [undefined, "correct horse"]) {
      const options = { name: "In Process", email: "in@example.org", date };
      const made = await generateOpenpgpKey(passphrase === undefined ? options : { ...options, passphrase });
      const signer = await openpgpKeySigner({
        secretKey: utf8(made.secretKey),
        ...(passphrase === undefined ? {} : { passphrase }),
      });
      gpg(["--import"], made.publicKey);
      for (const armor of [true, false]) {
        const { bytes } = await signer.sign(message, { purpose: "file", armor });
        const path = join(homedir, "signature");
        writeFileSync(path, bytes);
        const status = gpg(["--status-fd", "1", "--verify", path, "-"], "a message\n");
        expect(status).toContain(`VALIDSIG ${signer.fingerprint.toUpperCase()}`);
      }
      // The secret key too, with its passphrase where it has one.
      const args = [
        "--homedir",
        homedir,
        "--batch",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        passphrase ?? "",
      ];
      execFileSync("gpg", [...args, "--import"], {
        input: made.secretKey,
        stdio: ["pipe", "ignore", "ignore"],
      });
      expect(gpg(["--with-colons", "--list-secret-keys", signer.fingerprint])).toMatch(/^sec:/m);
    }
  });

  test("failures have codes: no key, several, no program, a locked key", async () => {
    await expect(gpgSigner({ keyId: "-v" })).rejects.toThrow(TypeError);
    await expect(gpgSigner({ keyId: "" })).rejects.toThrow(TypeError);
    await expect(gpgSigner({ keyId: "nobody@example.org", homedir })).rejects.toMatchObject({
      code: "SIGNER_FAILED",
    });
    await expect(gpgSigner({ keyId: "example.org", homedir })).rejects.toMatchObject({
      code: "SIGNER_FAILED",
      message: expect.stringContaining("secret keys"),
    });
    await expect(gpgSigner({ keyId: "x", homedir, gpg: "no-such-gpg" })).rejects.toMatchObject({
      code: "TOOL_MISSING",
    });
    const home = [
      "--homedir",
      homedir,
      "--batch",
      "--pinentry-mode",
      "loopback",
      "--passphrase",
      "secret words",
    ];
    execFileSync("gpg", [...home, "--quick-generate-key", "locked@example.net", "ed25519", "sign", "never"], {
      stdio: "ignore",
    });
    spawnSync("gpgconf", ["--homedir", homedir, "--kill", "gpg-agent"]);
    // A pinentry that always fails is a person who cancels; nobody is asked when the tests run.
    writeFileSync(join(homedir, "gpg-agent.conf"), "pinentry-program /bin/false\n");
    const signer = await gpgSigner({ keyId: "locked@example.net", homedir });
    const failure = await signer.sign(message, { purpose: "file" }).then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );
    expect(["KEY_LOCKED", "SIGNER_FAILED"]).toContain(failure);
  });

  test("a message that cannot be read ends gpg and is the error", async () => {
    const signer = await gpgSigner({ keyId: "mara@example.org", homedir });
    const open = (): ReadableStream<Uint8Array> =>
      new ReadableStream({ start: (c) => c.error(new Error("disk on fire")) });
    const broken: Source = { ...message, open };
    await expect(signer.sign(broken, { purpose: "file" })).rejects.toThrow("disk on fire");
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(signer.sign(message, { purpose: "file", signal })).rejects.toThrow("stop");
  });
});

describe("gpg's status is read and not its exit alone", () => {
  const fingerprint = "50153EC8C71CC249BE47BF8AE44085B884974388";
  const line = `[GNUPG:] SIG_CREATED D 22 8 00 1770091506 ${fingerprint}\n`;
  const answer =
    (status: string, exit = 0): RunProgram =>
    async ({ args }) =>
      args.includes("--list-secret-keys")
        ? {
            exit: 0,
            output: utf8(
              `sec:u:255:22:E44085B884974388:1:::u:::scESC:::D2760001240102:::23::0:\nfpr:::::::::${fingerprint}:\n`,
            ),
            status: "",
            errors: "",
          }
        : { exit, output: utf8("signature"), status, errors: "gpg: \u001b[31mno\n" };

  test("a card is announced, and one good line is a signature", async () => {
    const signer = await gpgSigner({ keyId: "mara", run: answer(line) });
    expect(signer).toMatchObject({ interactive: true, fingerprint: fingerprint.toLowerCase() });
    expect((await signer.sign(message, { purpose: "file" })).bytes).toEqual(utf8("signature"));
  });

  const refused: Record<string, readonly [string, number?]> = {
    "no status": [""],
    "a failing exit": [line, 2],
    "two signatures": [line + line],
    "a failure beside it": [`${line}[GNUPG:] FAILURE sign 67108949\n`],
    "SHA-1": [line.replace("22 8", "22 2")],
    "a clear-text signature": [line.replace(" D ", " C ")],
    "a text-mode signature": [line.replace(" 00 ", " 01 ")],
    "another key": [line.replace("5015", "6015")],
  };
  for (const [name, [status, exit]] of Object.entries(refused))
    test(`${name} is refused`, async () => {
      const signer = await gpgSigner({ keyId: "mara", run: answer(status, exit) });
      const failed = signer.sign(message, { purpose: "file" });
      await expect(failed).rejects.toMatchObject({ code: "SIGNER_FAILED" });
      await expect(failed).rejects.not.toThrow("\u001b");
    });

  test("a cancelled pinentry is a locked key", async () => {
    const signer = await gpgSigner({ keyId: "mara", run: answer("[GNUPG:] FAILURE sign 83886179\n", 2) });
    await expect(signer.sign(message, { purpose: "file" })).rejects.toMatchObject({ code: "KEY_LOCKED" });
  });
});
