import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshScheme } from "@countersign/signature-ssh";
import { sshKeygenSigner } from "@countersign/signature-ssh/node";
import { describe, test } from "vitest";
import { runProgram } from "../../node/src/program.ts";
import { type SchemeFixture, schemeCases } from "../src/index.ts";

const missing = spawnSync("ssh-keygen", ["-?"]).error !== undefined && process.env.CI_INTEGRATION !== "1";

const make = async (): Promise<SchemeFixture> => {
  const directory = await mkdtemp(join(tmpdir(), "ssh-"));
  for (const name of ["mine", "other"]) {
    const made = spawnSync("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      name,
      "-f",
      join(directory, name),
    ]);
    if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
  }
  return {
    scheme: sshScheme(),
    signer: await sshKeygenSigner({ run: runProgram, keyFile: join(directory, "mine") }),
    keys: await readFile(join(directory, "mine.pub")),
    otherKeys: await readFile(join(directory, "other.pub")),
    purposes: true,
    close: () => rm(directory, { recursive: true }),
  };
};

describe(`sshScheme keeps the contract${missing ? " (skipped: no ssh-keygen)" : ""}`, () => {
  for (const one of schemeCases({ make })) test.skipIf(missing)(one.name, () => one.run());
});
