/** Signs through the user's own ssh-keygen, and so with keys in files, in the agent, or on a token. Node only. */

import { resolve } from "node:path";
import { fail, lastWords, printable, type RunProgram, type Signature, type Signer } from "@countersign/core";
import { namespaceOf } from "./namespace.ts";
import { fingerprintOf } from "./public-key.ts";
import { parseSshSignature } from "./sshsig.ts";

export interface SshKeygenOptions {
  /** A secret key, or a public key whose secret half is in the agent. */
  readonly keyFile: string;
  /** Left out: `ssh-keygen` on the path. */
  readonly sshKeygen?: string;
  /** How it is started; `runProgram` of @countersign/node. */
  readonly run: RunProgram;
}

/** `256 SHA256:… comment (ED25519-SK)` */
const listing = /^\d+ (SHA256:[A-Za-z0-9+/]{43}) .*\(([A-Z0-9-]+)\)\s*$/m;

/**
 * A signer that asks `ssh-keygen -Y sign`, which asks the agent, the person or the token. Passphrases never pass
 * through this program: ssh-keygen reads them from the terminal or through SSH_ASKPASS.
 *
 * @throws TOOL_MISSING — no ssh-keygen
 * @throws SIGNER_FAILED — the file is no key
 */
export async function sshKeygenSigner(options: SshKeygenOptions): Promise<Signer> {
  const { sshKeygen: command = "ssh-keygen", run } = options;
  // Absolute, so that no name can pass for an option.
  const keyFile = resolve(options.keyFile);
  const shown = await run({ command, args: ["-l", "-E", "sha256", "-f", keyFile] });
  const [, fingerprint, type] = listing.exec(new TextDecoder().decode(shown.output)) ?? [];
  if (shown.exit !== 0 || fingerprint === undefined)
    return fail("SIGNER_FAILED", `${printable(keyFile)} is no SSH key: ${lastWords(shown.errors)}`, {
      where: options.keyFile,
    });
  return {
    scheme: "ssh",
    fingerprint,
    interactive: type?.endsWith("-SK") ?? false,
    async sign(message, { purpose, signal }): Promise<Signature> {
      const namespace = namespaceOf(purpose);
      const args = ["-Y", "sign", "-n", namespace, "-f", keyFile];
      const { exit, output, errors } = await run({ command, args, input: message, signal });
      if (exit !== 0)
        return fail(
          /passphrase/i.test(errors) ? "KEY_LOCKED" : "SIGNER_FAILED",
          `ssh-keygen did not sign ${message.name}: ${lastWords(errors)}`,
          { where: options.keyFile },
        );
      assertOurs(output, namespace, fingerprint);
      return { scheme: "ssh", extension: ".sshsig", bytes: output };
    },
  };
}

/** What came back is a signature of the kind and by the key that were asked for. */
function assertOurs(output: Uint8Array, namespace: string, fingerprint: string): void {
  try {
    const made = parseSshSignature(output);
    if (made.namespace === namespace && fingerprintOf(made.publicKey) === fingerprint) return;
  } catch (cause) {
    fail("SIGNER_FAILED", "ssh-keygen gave something else than a signature", { cause });
  }
  fail(
    "SIGNER_FAILED",
    `ssh-keygen signed with another key or for another purpose than ${fingerprint}, ${namespace}`,
  );
}
