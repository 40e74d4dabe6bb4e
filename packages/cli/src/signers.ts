/** From options to a signer: a key file, gpg and its agent, or ssh-keygen and its agent. */

import { resolve } from "node:path";
import { fail, type Signer } from "@countersign/core";
import { readSmallFile, runProgram } from "@countersign/node";
import { type Call, optionText } from "./command.ts";

export const signerOptions = {
  key: { type: "string", value: "FILE", summary: "an OpenPGP secret key file" },
  "passphrase-file": { type: "string", value: "FILE", summary: "its passphrase (or COUNTERSIGN_PASSPHRASE)" },
  gpg: { type: "string", value: "KEYID", summary: "sign with gpg and its agent (smartcards work that way)" },
  ssh: {
    type: "string",
    value: "FILE",
    summary: "sign with ssh-keygen: a secret key file, or a public one whose key the agent holds",
  },
} as const;

/** @throws USAGE — none or several were named · KEY_LOCKED · KEY_MALFORMED · SIGNER_FAILED */
export async function openSigner(call: Call): Promise<Signer> {
  const { cwd } = call.context;
  const key = optionText(call, "key");
  const gpg = optionText(call, "gpg");
  const ssh = optionText(call, "ssh");
  const given = [key, gpg, ssh].filter((one) => one !== undefined);
  if (given.length !== 1) fail("USAGE", "say which key signs: one of --key FILE, --gpg KEYID, --ssh FILE");
  if (gpg !== undefined) {
    const { gpgSigner } = await import("@countersign/signature-openpgp/node");
    return gpgSigner({ keyId: gpg, run: runProgram });
  }
  if (ssh !== undefined) {
    const { sshKeygenSigner } = await import("@countersign/signature-ssh/node");
    return sshKeygenSigner({ keyFile: resolve(cwd, ssh), run: runProgram });
  }
  const passphrase = await readPassphrase(call);
  const { openpgpKeySigner } = await import("@countersign/signature-openpgp");
  return openpgpKeySigner({
    secretKey: await readSmallFile(resolve(cwd, key ?? ""), 1 << 20),
    ...(passphrase !== undefined && { passphrase }),
  });
}

/** From a file or the environment; never from an argument, which every process can read. */
export async function readPassphrase(call: Call): Promise<string | undefined> {
  const file = optionText(call, "passphrase-file");
  if (file === undefined) return call.context.env.COUNTERSIGN_PASSPHRASE;
  const text = new TextDecoder().decode(await readSmallFile(resolve(call.context.cwd, file), 4096));
  return text.replace(/\r?\n$/, "");
}
