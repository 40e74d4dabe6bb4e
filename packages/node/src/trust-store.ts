/** Pinned policies: one sealed policy for each project, under the person's own home. */

import { mkdir, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  fail,
  isCountersignError,
  maxPolicySize,
  type Policy,
  parsePolicy,
  sha256Hex,
  utf8,
} from "@countersign/core";
import { adapters } from "./adapters.ts";
import { readSmallFile, writeNewFile } from "./files.ts";

export interface PinnedPolicy {
  readonly path: string;
  readonly policy: Policy & { readonly project: string };
}

export interface TrustStore {
  readonly directory: string;
  list(): Promise<readonly PinnedPolicy[]>;
  find(project: string): Promise<PinnedPolicy | undefined>;
  /**
   * Pins a sealed policy. The same one again is done already.
   * @throws POLICY_REPLACED — another one is pinned for its project
   */
  add(sealed: Uint8Array, policy: Policy): Promise<PinnedPolicy>;
  /** @throws POLICY_NOT_PINNED */
  remove(project: string): Promise<void>;
}

/** @param home as `homeDirectory` gives it */
export function trustStore(home: string): TrustStore {
  const directory = join(home, "trust");
  // A file's name is a hash: a project's URI never reaches a path.
  const pathOf = (project: string): string =>
    join(directory, `${sha256Hex(utf8(project)).slice(0, 32)}.policy`);
  const read = async (path: string): Promise<PinnedPolicy> => {
    const policy = await parsePolicy(await readSmallFile(path, maxPolicySize), adapters, path);
    const { project } = policy;
    if (project === undefined || pathOf(project) !== path)
      return fail("POLICY_MALFORMED", `${path} holds the policy of another project`, { where: path });
    return { path, policy: { ...policy, project } };
  };
  const find: TrustStore["find"] = async (project) => {
    try {
      return await read(pathOf(project));
    } catch (error) {
      if (isCountersignError(error) && error.code === "FILE_UNREADABLE" && isMissing(error.cause))
        return undefined;
      throw error;
    }
  };
  return {
    directory,
    find,
    async list() {
      const names = await readdir(directory).catch((error) =>
        isMissing(error) ? [] : Promise.reject(error),
      );
      return Promise.all(
        names
          .filter((name) => name.endsWith(".policy"))
          .sort()
          .map((name) => read(join(directory, name))),
      );
    },
    async add(sealed, policy) {
      const { project } = policy;
      if (project === undefined || policy.sha256 !== sha256Hex(sealed))
        throw new TypeError("the policy is not of these bytes");
      const pinned = await find(project);
      if (pinned && pinned.policy.sha256 !== policy.sha256)
        fail(
          "POLICY_REPLACED",
          `for ${project} another policy is pinned: serial ${pinned.policy.serial}, ${pinned.policy.sha256.slice(0, 16)}…`,
          { where: pinned.path },
        );
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeNewFile(pathOf(project), sealed, { mode: 0o600 });
      return { path: pathOf(project), policy: { ...policy, project } };
    },
    async remove(project) {
      await unlink(pathOf(project)).catch((cause) =>
        fail("POLICY_NOT_PINNED", `no policy is pinned for ${project}`, { cause }),
      );
    },
  };
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}
