/** With the real ssh-keygen and ssh-agent: what it makes is good here, and what the signer makes is good there. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesSource, type RunProgram, type Signer, type Source, utf8 } from "@countersign/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../node/src/program.ts";
import { sshScheme } from "../src/index.ts";
import { sshKeygenSigner as newSigner, type SshKeygenOptions } from "../src/node.ts";

// As the command line does it: the program is started by @countersign/node.
const sshKeygenSigner = (
  options: Omit<SshKeygenOptions, "run"> & Partial<Pick<SshKeygenOptions, "run">>,
): Promise<Signer> => newSigner({ run: runProgram, ...options });

const found =
  spawnSync("ssh-keygen", ["-?"]).error === undefined && spawnSync("ssh-agent", ["-?"]).error === undefined;
const missing = !found && process.env.CI_INTEGRATION !== "1";
const scheme = sshScheme();
const message = bytesSource("message", utf8("a message\n"));

describe.skipIf(missing)(
  `ssh-keygen${missing ? " (skipped: ssh-keygen or ssh-agent is not installed)" : ""}`,
  () => {
    let directory = "";
    let agent: ChildProcess | undefined;
    const path = (name: string): string => join(directory, name);
    const makeKey = (name: string, passphrase = "", type: readonly string[] = ["-t", "ed25519"]): void => {
      execFileSync("ssh-keygen", ["-q", "-N", passphrase, "-C", name, "-f", path(name), ...type]);
    };

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), "cs-ssh-"));
    });
    afterAll(() => {
      agent?.kill();
      rmSync(directory, { recursive: true, force: true });
    });

    for (const type of [
      ["-t", "ed25519"],
      ["-t", "rsa", "-b", "2048"],
      ["-t", "ecdsa", "-b", "384"],
    ] as const)
      test(`signs with ${type.join(" ")}, which ssh-keygen and we find good`, async () => {
        const name = `key-${type[1]}`;
        makeKey(name, "", type);
        const signer = await sshKeygenSigner({ keyFile: path(name) });
        expect(signer).toMatchObject({ scheme: "ssh", interactive: false });
        const { bytes, extension } = await signer.sign(message, { purpose: "release" });
        expect(extension).toBe(".sshsig");
        const keys = await scheme.parseKeys(readFileSync(path(`${name}.pub`)));
        expect(await scheme.check(message, bytes, keys, { purpose: "release" })).toMatchObject([
          { outcome: "good", key: signer.fingerprint },
        ]);
        writeFileSync(path("signature"), bytes);
        writeFileSync(path("allowed"), `me ${readFileSync(path(`${name}.pub`), "utf8")}`);
        const args = [
          "-Y",
          "verify",
          "-f",
          path("allowed"),
          "-I",
          "me",
          "-n",
          "countersign-release",
          "-s",
          path("signature"),
        ];
        expect(execFileSync("ssh-keygen", args, { input: "a message\n" }).toString()).toContain(
          signer.fingerprint,
        );
      });

    test("a public key is enough where the agent holds the secret one", async () => {
      makeKey("agent-key");
      const socket = path("s");
      agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
      await new Promise((resolve) => agent?.stdout?.once("data", resolve));
      execFileSync("ssh-add", ["-q", path("agent-key")], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      copyFileSync(path("agent-key.pub"), path("only-public.pub"));
      const before = process.env.SSH_AUTH_SOCK;
      process.env.SSH_AUTH_SOCK = socket;
      try {
        const signer = await sshKeygenSigner({ keyFile: path("only-public.pub") });
        const { bytes } = await signer.sign(message, { purpose: "tag" });
        const keys = await scheme.parseKeys(readFileSync(path("only-public.pub")));
        expect(await scheme.check(message, bytes, keys, { purpose: "tag" })).toMatchObject([
          { outcome: "good" },
        ]);
      } finally {
        if (before === undefined) delete process.env.SSH_AUTH_SOCK;
        else process.env.SSH_AUTH_SOCK = before;
      }
    });

    test("failures have codes: no key, no program, a locked key, a public key that no agent holds", async () => {
      writeFileSync(path("junk"), "junk");
      await expect(sshKeygenSigner({ keyFile: path("junk") })).rejects.toMatchObject({
        code: "SIGNER_FAILED",
      });
      await expect(sshKeygenSigner({ keyFile: path("none") })).rejects.toMatchObject({
        code: "SIGNER_FAILED",
      });
      await expect(
        sshKeygenSigner({ keyFile: path("junk"), sshKeygen: "no-such-keygen" }),
      ).rejects.toMatchObject({
        code: "TOOL_MISSING",
      });
      makeKey("locked", "secret words");
      const askpass = process.env.SSH_ASKPASS_REQUIRE;
      // Never ask the person who runs the tests: a failing askpass is a person who cancels.
      process.env.SSH_ASKPASS_REQUIRE = "force";
      process.env.SSH_ASKPASS = "/bin/false";
      try {
        const signer = await sshKeygenSigner({ keyFile: path("locked") });
        await expect(signer.sign(message, { purpose: "file" })).rejects.toMatchObject({ code: "KEY_LOCKED" });
      } finally {
        delete process.env.SSH_ASKPASS;
        if (askpass === undefined) delete process.env.SSH_ASKPASS_REQUIRE;
        else process.env.SSH_ASKPASS_REQUIRE = askpass;
      }
      makeKey("gone");
      rmSync(path("gone"));
      const signer = await sshKeygenSigner({ keyFile: path("gone.pub") });
      await expect(signer.sign(message, { purpose: "file" })).rejects.toMatchObject({
        code: "SIGNER_FAILED",
      });
    });

    test("a message that cannot be read ends the program and is the error", async () => {
      makeKey("reader");
      const signer = await sshKeygenSigner({ keyFile: path("reader") });
      const broken: Source = {
        ...message,
        open: () => new ReadableStream({ start: (c) => c.error(new Error("disk on fire")) }),
      };
      await expect(signer.sign(broken, { purpose: "file" })).rejects.toThrow("disk on fire");
      const longer: Source = { ...message, size: message.size + 1 };
      await expect(signer.sign(longer, { purpose: "file" })).rejects.toMatchObject({ code: "FILE_CHANGED" });
      const signal = AbortSignal.abort(new Error("stop"));
      await expect(signer.sign(message, { purpose: "file", signal })).rejects.toThrow("stop");
    });
  },
);

test("what a program gives back is believed only if it is what was asked for", async () => {
  const vector = (name: string): Uint8Array => readFileSync(new URL(`vectors/${name}`, import.meta.url));
  const listed = { exit: 0, status: "", errors: "" };
  const answer =
    (output: Uint8Array): RunProgram =>
    async ({ args }) =>
      args[0] === "-l"
        ? { ...listed, output: utf8(`256 SHA256:${"A".repeat(43)} me (ED25519-SK)\n`) }
        : { ...listed, output };
  for (const output of [vector("ed25519.sshsig"), utf8("junk"), new Uint8Array(0)]) {
    const signer = await sshKeygenSigner({ keyFile: "-key", run: answer(output) });
    expect(signer.interactive).toBe(true);
    await expect(signer.sign(message, { purpose: "file" })).rejects.toMatchObject({ code: "SIGNER_FAILED" });
  }
});
