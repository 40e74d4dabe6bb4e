/** `countersign sign`: a release signature by the signer's own key. */

import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  applySign,
  fail,
  type Purpose,
  planSign,
  type Signer,
  type SignPlan,
  type Source,
} from "@countersign/core";
import { adapters, readPackedDirectory, readSmallFile, writeNewFile } from "@countersign/node";
import { defineCommand, optionFlag, optionText } from "../command.ts";
import { openSigner, signerOptions } from "../signers.ts";

interface Result {
  readonly dryRun: boolean;
  readonly signer: string;
  readonly fingerprint: string;
  readonly made: readonly {
    readonly file: string;
    readonly of: string;
    readonly state: "written" | "same" | "planned";
  }[];
}

export const command = defineCommand<Result>({
  summary: "sign a packed release",
  usage: [
    "sign DIR --signer NAME --key FILE",
    "sign DIR --signer NAME --gpg KEYID",
    "sign DIR --signer NAME --ssh FILE",
  ],
  arity: [1, 1],
  options: {
    signer: { type: "string", value: "NAME", summary: "your name in the policy" },
    ...signerOptions,
    artifacts: { type: "boolean", summary: "also sign each artifact, for tools that expect FILE.asc" },
    "dry-run": { type: "boolean", summary: "check everything, say what would be signed" },
  },
  details:
    "Compares every artifact with the manifest, then signs the manifest: one file, one signer. Artifacts' own signatures are made by custom and never counted.",
  examples: [
    "countersign sign dist --signer alice --key alice.key.asc",
    "countersign sign dist --signer mroth --gpg F108B584",
    "countersign sign dist --signer mjt --ssh ~/.ssh/id_ed25519",
  ],
  async run(call) {
    const { cwd, signal, onProgress, note } = call.context;
    const directory = resolve(cwd, call.args[0] ?? "");
    const name =
      optionText(call, "signer") ?? fail("USAGE", "say who signs: --signer NAME, as the policy names you");
    const packed = await readPackedDirectory(directory);
    const signer = await openSigner(call);
    const extension = signer.scheme === "ssh" ? ".sshsig" : ".asc";
    const plan = await planSign({
      ...packed,
      signer: name,
      extension,
      artifacts: optionFlag(call, "artifacts"),
      signal,
      onProgress,
    });
    const shown = { signer: name, fingerprint: signer.fingerprint };
    const { existing, open } = await split(plan.steps, packed, signer);
    if (optionFlag(call, "dry-run"))
      return {
        result: {
          ...shown,
          dryRun: true,
          made: plan.steps.map(({ file, message }) => ({
            file,
            of: message,
            state: existing.includes(file) ? ("same" as const) : ("planned" as const),
          })),
        },
      };
    if (signer.interactive && open.length > 0)
      note(
        `signing with ${describe(signer)}: ${open.length} ${open.length === 1 ? "touch or PIN" : "touches or PINs"} (${open.map(({ message }) => message).join(", ")})`,
      );
    const made = await applySign({ ...plan, steps: open }, signer, packed.files, signal);
    for (const { name: file, bytes } of made) await writeNewFile(join(directory, file), bytes);
    return {
      result: {
        ...shown,
        dryRun: false,
        made: plan.steps.map(({ file, message }) => ({
          file,
          of: message,
          state: existing.includes(file) ? ("same" as const) : ("written" as const),
        })),
      },
    };
  },
  render({ dryRun, signer, fingerprint, made }) {
    const words = { written: "wrote", same: "is there already", planned: "would write" };
    return [
      `${dryRun ? "would sign" : "signed"} as ${signer} with ${fingerprint}`,
      ...made.map(({ file, of, state }) => `  ${words[state].padEnd(dryRun ? 16 : 5)}  ${file}   over ${of}`),
    ].join("\n");
  },
});

/**
 * A signature that stands is not made again: it would be other bytes under one name. One that is not of this key over these
 * bytes is for its signer to remove. Where the public key is not at hand, its age tells.
 */
async function split<T extends SignPlan["steps"][number]>(
  steps: readonly T[],
  packed: Awaited<ReturnType<typeof readPackedDirectory>>,
  signer: Signer,
): Promise<{ existing: readonly string[]; open: readonly T[] }> {
  const { path, names, source } = packed.directory;
  const existing = steps.filter(({ file }) => names.includes(file));
  for (const { file, message, purpose } of existing) {
    const holds =
      (await isBy(signer, await source(message), await readSmallFile(join(path, file), 1 << 20), purpose)) ??
      (await isNewer(join(path, file), join(path, message)));
    if (!holds)
      fail("FILE_EXISTS", `${file} is there, and is no signature of this key over ${message}`, {
        where: file,
        hint: "Remove it to sign again.",
      });
  }
  return {
    existing: existing.map(({ file }) => file),
    open: steps.filter(({ file }) => !names.includes(file)),
  };
}

/** Undefined where the signer cannot give its public key. */
async function isBy(
  signer: Signer,
  message: Source,
  signature: Uint8Array,
  purpose: Purpose,
): Promise<boolean | undefined> {
  const scheme = adapters.schemes.find(({ name }) => name === signer.scheme);
  if (!scheme || !signer.publicKey) return undefined;
  const keys = await scheme.parseKeys(await signer.publicKey());
  return (await scheme.check(message, signature, keys, { purpose })).some(
    ({ outcome }) => outcome === "good",
  );
}

async function isNewer(signature: string, message: string): Promise<boolean> {
  const [made, signed] = await Promise.all([stat(signature), stat(message)]);
  return made.mtimeMs >= signed.mtimeMs;
}

function describe({ scheme, fingerprint }: Signer): string {
  return `${scheme === "openpgp" ? "gpg" : scheme} ${fingerprint}`;
}
