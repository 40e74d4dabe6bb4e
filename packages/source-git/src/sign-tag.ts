/** Makes a signed tag whose signature covers the content by SHA-256 too, with the trailer `Countersign-Tree`. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  bytesSource,
  CountersignError,
  concatBytes,
  fail,
  gitObjectId,
  parseTag,
  printable,
  type Signer,
  utf8,
} from "@countersign/core";
import { askGit, runGit } from "./git.ts";
import { checkTagName } from "./ref-name.ts";
import type { Repository } from "./repository.ts";
import { type ReadCommit, readCommit } from "./tag.ts";
import { writeTar } from "./tar-stream.ts";

export interface SignedTag {
  readonly name: string;
  /** Id of the tag object, in hex. */
  readonly id: string;
  readonly commit: string;
  /** 64 hex digits. */
  readonly contentTree: string;
}

/**
 * @param options.commit a commit's id, or anything that git resolves to one
 * @param options.tagger `Name <address>`; left out: user.name and user.email of git's configuration
 * @param options.date whole seconds count
 * @throws FILE_EXISTS — there is such a tag; tags are never moved
 * @throws TAG_UNKNOWN — the name or commit is none · USAGE — the message or tagger cannot stand in a tag
 * @throws KEY_LOCKED · SIGNER_FAILED · SOURCE_REFUSED · TOOL_FAILED
 */
export async function signTag(options: {
  readonly repository: Repository;
  readonly name: string;
  readonly commit: string;
  readonly message: string;
  readonly tagger?: string;
  readonly date: Date;
  readonly signer: Signer;
  readonly signal?: AbortSignal | undefined;
}): Promise<SignedTag> {
  const { repository, signer, signal } = options;
  const name = checkTagName(options.name);
  const ref = `refs/tags/${name}`;
  const git = { gitDir: repository.gitDir, signal };
  if ((await runGit(["show-ref", "--verify", "--quiet", ref], git)).status === 0)
    fail("FILE_EXISTS", `there is a tag ${printable(name)} already`, {
      hint: "A tag that others may have seen is never moved. Choose another version.",
    });
  const tagger = checkTagger(options.tagger ?? (await configuredTagger(repository)));
  const commit = await findCommit(repository, options.commit, signal);
  const { contentTree } = await writeTar(repository, commit, { prefix: "", sink: () => undefined, signal });
  const message = `${options.message.trimEnd()}\n\nCountersign-Tree: sha256:${contentTree}\n`;
  const seconds = Math.floor(options.date.getTime() / 1000);
  const payload = utf8(
    `object ${commit.id}\ntype commit\ntag ${name}\ntagger ${tagger} ${seconds} +0000\n\n${message}`,
  );
  const unsigned = parseTag(payload, "the new tag");
  if (
    unsigned.signature !== undefined ||
    /countersign-tree\s*:/i.test(options.message) ||
    options.message.trim() === ""
  )
    fail("USAGE", "the message is empty, or holds a signature or a Countersign-Tree line of its own");

  const signature = await signer.sign(bytesSource(`tag ${name}`, payload), {
    purpose: "tag",
    armor: true,
    signal,
  });
  const end = signature.bytes.at(-1) === 0x0a ? [] : [utf8("\n")];
  const bytes = concatBytes(payload, signature.bytes, ...end);
  const made = parseTag(bytes, "the new tag");
  if (made.payload.length !== payload.length)
    fail("SIGNER_FAILED", "the signer gave something that git would not read as a signature");
  const id = (await askGit(["hash-object", "-t", "tag", "-w", "--stdin"], { ...git, input: bytes }))
    .toString()
    .trim();
  if (id !== gitObjectId("tag", bytes, repository.format))
    fail("TOOL_FAILED", `git stored the tag as ${printable(id)}, not under its own id`);
  // With an old value of zeros git makes the ref only if there is none.
  await askGit(["update-ref", "--create-reflog", ref, id, "0".repeat(id.length)], git);
  return { name, id, commit: commit.id, contentTree };
}

async function findCommit(
  repository: Repository,
  revision: string,
  signal: AbortSignal | undefined,
): Promise<ReadCommit> {
  const found = await runGit(
    ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`],
    {
      gitDir: repository.gitDir,
      signal,
    },
  );
  const id = found.stdout.toString().trim();
  if (found.status !== 0 || !/^[0-9a-f]{40,64}$/.test(id))
    return fail("TAG_UNKNOWN", `there is no commit ${printable(revision)} in ${printable(repository.path)}`);
  return await readCommit(repository, id, signal);
}

/** Here, and only here, the user's own configuration is read: who they are is theirs to say. */
async function configuredTagger(repository: Repository): Promise<string> {
  const ask = async (key: string): Promise<string> => {
    try {
      const { stdout } = await promisify(execFile)("git", [
        `--git-dir=${repository.gitDir}`,
        "config",
        "--get",
        key,
      ]);
      return stdout.trim();
    } catch (cause) {
      throw new CountersignError("CONFIG_MALFORMED", `git's configuration has no ${key}`, {
        cause,
        hint: "Set it with `git config --global`, or name the tagger.",
      });
    }
  };
  return `${await ask("user.name")} <${await ask("user.email")}>`;
}

function checkTagger(tagger: string): string {
  return /^[^<>\u0000-\u001f\u007f]+ <[^<>\s\u0000-\u001f\u007f]*>$/.test(tagger)
    ? tagger
    : fail("USAGE", `expected a tagger as in "Name <address>", found ${printable(tagger)}`);
}
