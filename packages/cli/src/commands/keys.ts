/** `countersign keys`: makes a key, shows what is in a key file. */

import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fail } from "@countersign/core";
import { readKeys, readSmallFile, writeNewFile } from "@countersign/node";
import { defineCommand, optionText } from "../command.ts";
import { plain } from "../look.ts";
import { readPassphrase } from "../signers.ts";

interface Result {
  readonly action: "generate" | "show";
  readonly keys: readonly {
    readonly scheme: string;
    readonly id: string;
    readonly labels: readonly string[];
  }[];
  readonly publicFile?: string;
  readonly secretFile?: string;
}

export const command = defineCommand<Result>({
  summary: "make a key, show what is in a key file",
  usage: ["keys generate NAME [--email ADDRESS] [--output DIR]", "keys show FILE"],
  arity: [2, 2],
  options: {
    email: { type: "string", value: "ADDRESS", summary: "goes into the key beside the name" },
    output: {
      type: "string",
      value: "DIR",
      summary: "where to write NAME.asc and NAME.key.asc (default: here)",
    },
    "passphrase-file": {
      type: "string",
      value: "FILE",
      summary: "protect the secret key with this passphrase (or COUNTERSIGN_PASSPHRASE)",
    },
  },
  details:
    "generate makes an OpenPGP key (Ed25519) in process. People who have a key in gpg, on a card, or in ssh-agent use that one.",
  examples: [
    "countersign keys generate alice --email alice@example.org --output keys",
    "countersign keys show keys/alice.asc",
  ],
  async run(call) {
    const { cwd, now } = call.context;
    const [action, subject = ""] = call.args;
    if (action === "show")
      return {
        result: {
          action,
          keys: await listKeys(resolve(cwd, subject)),
        },
      };
    if (action !== "generate")
      return fail("USAGE", `keys knows generate and show, not ${plain(action ?? "")}`);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(subject))
      fail("USAGE", `${JSON.stringify(subject)} cannot begin the name of a file`);
    const directory = resolve(cwd, optionText(call, "output") ?? ".");
    const secretFile = join(directory, `${subject}.key.asc`);
    const publicFile = join(directory, `${subject}.asc`);
    const email = optionText(call, "email");
    const passphrase = await readPassphrase(call);
    const { exportPublicKey, generateOpenpgpKey } = await import("@countersign/signature-openpgp");
    const kept = await readSmallFile(secretFile, 1 << 20).catch(() => undefined);
    if (kept !== undefined && !(await exists(publicFile))) {
      // An earlier run was killed between the two files: its key is kept, not thrown away.
      await writeNewFile(publicFile, Buffer.from(await exportPublicKey(kept)));
      return { result: { action, keys: await listKeys(publicFile), publicFile, secretFile } };
    }
    const date = new Date(Math.floor(now.getTime() / 1000) * 1000);
    const made = await generateOpenpgpKey({
      name: subject,
      date,
      ...(email !== undefined && { email }),
      ...(passphrase !== undefined && { passphrase }),
    });
    await writeNewFile(secretFile, Buffer.from(made.secretKey), { mode: 0o600 });
    await writeNewFile(publicFile, Buffer.from(made.publicKey));
    const keys = await listKeys(publicFile);
    return { result: { action, keys, publicFile, secretFile } };
  },
  render: ({ keys, publicFile, secretFile }) =>
    [
      ...keys.map(({ scheme, id, labels }) => `${scheme} ${id}   ${labels.map(plain).join(", ")}`.trimEnd()),
      ...(publicFile === undefined
        ? []
        : [
            `  wrote  ${publicFile}   for the policy`,
            `  wrote  ${secretFile}   secret: keep it to yourself, and a copy away from this machine`,
          ]),
    ].join("\n"),
});

async function listKeys(path: string): Promise<Result["keys"]> {
  return (await readKeys(path)).map(({ scheme, id, labels }) => ({ scheme, id, labels }));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
