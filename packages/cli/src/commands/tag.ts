/** `countersign tag`: makes a signed tag that names its content by SHA-256. */

import { resolve } from "node:path";
import { openRepository, type SignedTag, signTag } from "@countersign/source-git";
import { defineCommand, optionText } from "../command.ts";
import { plain } from "../look.ts";
import { openSigner, signerOptions } from "../signers.ts";

export const command = defineCommand<SignedTag & { readonly fingerprint: string }>({
  summary: "make a signed tag that names its content by SHA-256",
  usage: ["tag NAME [--repo PATH] [--commit COMMIT] --key FILE|--gpg KEYID|--ssh FILE"],
  arity: [1, 1],
  options: {
    repo: { type: "string", value: "PATH", summary: "the git repository (default: here)" },
    commit: { type: "string", value: "COMMIT", summary: "what to tag (default: HEAD)" },
    message: { type: "string", value: "TEXT", summary: "the tag's message (default: its name)" },
    tagger: {
      type: "string",
      value: "NAME <ADDRESS>",
      summary: "who tags (default: git's user.name and user.email)",
    },
    ...signerOptions,
  },
  details:
    "The trailer Countersign-Tree in the message lets the signature cover every file by SHA-256, where git's own ids may be SHA-1.\nAn existing tag is never moved. `git tag -v` verifies it as any other.",
  examples: [
    "countersign tag v1.0.0 --gpg F108B584",
    "countersign tag v1.0.0 --repo foo --key alice.key.asc --message 'foo 1.0.0'",
  ],
  async run(call) {
    const { cwd, now, signal, note } = call.context;
    const name = call.args[0] ?? "";
    const repository = await openRepository(resolve(cwd, optionText(call, "repo") ?? "."), { signal });
    const signer = await openSigner(call);
    if (signer.interactive) note(`signing the tag with ${signer.fingerprint}: one touch or PIN`);
    const tagger = optionText(call, "tagger");
    const made = await signTag({
      repository,
      name,
      commit: optionText(call, "commit") ?? "HEAD",
      message: optionText(call, "message") ?? name,
      ...(tagger !== undefined && { tagger }),
      date: now,
      signer,
      signal,
    });
    return { result: { ...made, fingerprint: signer.fingerprint } };
  },
  render: ({ name, commit, contentTree, fingerprint }) =>
    [
      `tagged ${commit.slice(0, 12)} as ${plain(name)}, signed with ${fingerprint}`,
      `  content  sha256:${contentTree}`,
      `  next     git push origin ${plain(name)}`,
    ].join("\n"),
});
