/** A tag and its commit as raw objects, with ids made from their bytes: the repository is not believed. */

import {
  fail,
  type GitCommit,
  type GitTag,
  gitObjectId,
  maxGitObjectSize,
  parseCommit,
  parseTag,
  printable,
} from "@countersign/core";
import { runGit } from "./git.ts";
import { type ObjectReader, openObjects } from "./objects.ts";
import { checkTagName } from "./ref-name.ts";
import { inSealedRoom, type Repository } from "./repository.ts";

export interface ReadCommit extends GitCommit {
  readonly id: string;
}

export interface ReadTag {
  readonly name: string;
  /** Absent for a lightweight tag. */
  readonly tag: (GitTag & { readonly id: string }) | undefined;
  readonly commit: ReadCommit;
}

/**
 * @param name without `refs/tags/`
 * @param options.lightweight let a tag through that is only a name for a commit
 * @throws TAG_UNKNOWN · TAG_UNSIGNED — it is lightweight
 * @throws TAG_MISMATCH — its header has another name, or it names no commit · GIT_OBJECT_MALFORMED · REPOSITORY_UNREADABLE
 */
export async function readTag(
  repository: Repository,
  name: string,
  options: { readonly lightweight?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<ReadTag> {
  const where = `tag ${printable(checkTagName(name))}`;
  const found = await runGit(["show-ref", "--verify", "--hash", `refs/tags/${name}`], {
    gitDir: repository.gitDir,
    signal: options.signal,
  });
  const id = found.stdout.toString().trim();
  if (found.status !== 0 || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id))
    fail("TAG_UNKNOWN", `there is no ${where} in ${printable(repository.path)}`, { where });
  const object = await readObject(repository, id, where, options.signal);
  if (object.type === "commit") {
    if (options.lightweight !== true)
      fail("TAG_UNSIGNED", `${where} is a lightweight tag, which cannot be signed`, { where });
    return { name, tag: undefined, commit: { ...parseCommit(object.bytes, where), id } };
  }
  if (object.type !== "tag") fail("TAG_MISMATCH", `${where} names a ${object.type}, not a commit`, { where });
  const tag = parseTag(object.bytes, where);
  if (tag.name !== name)
    fail("TAG_MISMATCH", `${where} says in its header that it is ${printable(tag.name)}`, { where });
  if (tag.type !== "commit") fail("TAG_MISMATCH", `${where} names a ${tag.type}, not a commit`, { where });
  const commit = await readCommit(repository, tag.object, options.signal);
  return { name, tag: { ...tag, id }, commit };
}

/** @param id of the commit, in hex @throws TAG_MISMATCH · GIT_OBJECT_MALFORMED · REPOSITORY_UNREADABLE */
export async function readCommit(
  repository: Repository,
  id: string,
  signal?: AbortSignal | undefined,
): Promise<ReadCommit> {
  const where = `commit ${id}`;
  const { type, bytes } = await readObject(repository, id, where, signal);
  if (type !== "commit") fail("TAG_MISMATCH", `${id} is a ${type}, not a commit`, { where });
  return { ...parseCommit(bytes, where), id };
}

async function readObject(
  repository: Repository,
  id: string,
  where: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly type: "tag" | "commit" | "blob" | "tree"; readonly bytes: Uint8Array }> {
  return await inSealedRoom(
    repository,
    async (room) => {
      const objects: ObjectReader = openObjects(room, [id]);
      try {
        const { type } = await objects.next();
        if (type !== "tag" && type !== "commit")
          return { type: type as "blob" | "tree", bytes: new Uint8Array() };
        const bytes = await objects.all(maxGitObjectSize, where);
        const real = gitObjectId(type, bytes, repository.format);
        if (real !== id)
          fail("TAG_MISMATCH", `${where}: the repository gives an object ${real} for ${id}`, { where });
        return { type, bytes };
      } finally {
        await objects.close();
      }
    },
    { signal },
  );
}
