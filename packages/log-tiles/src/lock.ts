/**
 * One writer at a time, among processes of one machine. A lock is a file that names its owner; it appears by link(2), whole and
 * only if its name is free. The lock of a dead owner is removed only by who holds the lock's own lock (`lock.break`), so
 * that two who find the same stale lock cannot remove each other's new one. That lock may be stale in its turn: same rule.
 */

import { randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CountersignError, fail, isCountersignError, parseJson, printable } from "@countersign/core";
import { privateDirectory } from "./durable.ts";
import { checkSignal } from "./log-files.ts";
import { isDead, type Owner, thisProcess } from "./owner.ts";

export interface Lock {
  /** True if an earlier owner died while it held the lock: what it began may lie about. */
  readonly tookOver: boolean;
  /** Is it still ours? False if somebody removed it by force. */
  held(): Promise<boolean>;
  release(): Promise<void>;
}

/** Each depth needs a process that dies within microseconds of the last one. */
const maxDepth = 8;
const pollMs = 10;

/**
 * @param directory of the log; its private directory exists
 * @param waitMs how long to wait for a living owner, in milliseconds
 * @throws LOG_LOCKED · ABORTED · LOG_UNAVAILABLE
 */
export async function acquireLock(
  directory: string,
  waitMs: number,
  signal?: AbortSignal | undefined,
): Promise<Lock> {
  const path = join(directory, privateDirectory, "lock");
  const owner: Owner = { ...(await thisProcess()), nonce: randomBytes(12).toString("hex") };
  const deadline = performance.now() + waitMs;
  let tookOver = false;
  for (;;) {
    checkSignal(signal);
    const answer = await take(path, owner, 0);
    if (answer === "taken")
      return {
        tookOver,
        held: async () => (await readOwner(path))?.nonce === owner.nonce,
        release: async () => {
          if ((await readOwner(path))?.nonce === owner.nonce) await rm(path, { force: true });
        },
      };
    if (answer === "freed") tookOver = true;
    if (answer === "freed" || answer === "again") continue;
    if (performance.now() >= deadline) {
      const { pid, host } = answer;
      const who = `process ${pid} on ${printable(host)}`;
      fail("LOG_LOCKED", `${path} is held by ${who}; waited ${waitMs} ms`, {
        where: path,
        ...(host === owner.host ? {} : { hint: `If ${who} is gone for certain, remove ${path}.` }),
      });
    }
    try {
      await sleep(pollMs, undefined, { signal });
    } catch {
      checkSignal(signal);
    }
  }
}

/** One try. "freed": a dead owner's lock was removed. "again": it was released meanwhile. Else: who holds it. */
async function take(path: string, owner: Owner, depth: number): Promise<"taken" | "freed" | "again" | Owner> {
  const linked = await linkOwner(path, owner);
  if (linked !== "there") return linked;
  const holder = await readOwner(path);
  if (holder === undefined) return "again";
  if (!(await isDead(holder)) || depth === maxDepth) return holder;
  const guard = `${path}.break`;
  const answer = await take(guard, owner, depth + 1);
  if (answer !== "taken") return answer;
  try {
    // Read again: before we held the guard, another may have freed the lock, and a third taken it.
    const now = await readOwner(path);
    if (now !== undefined && (await isDead(now))) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
  return "freed";
}

async function linkOwner(path: string, owner: Owner): Promise<"taken" | "there" | "again"> {
  const temporary = `${path}-${owner.nonce}`;
  try {
    await writeFile(temporary, JSON.stringify(owner), { mode: 0o600 });
    await link(temporary, path);
    return "taken";
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") return "there";
    // Whoever cleans up took our half-written file for a dead writer's.
    if (code === "ENOENT" && syscall === "link") return "again";
    throw new CountersignError("LOG_UNAVAILABLE", `${path} cannot be made`, { where: path, cause });
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Who holds this lock; undefined: nobody does. A file that is no lock's is of process 0. */
export async function readOwner(path: string): Promise<Owner | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CountersignError("LOG_UNAVAILABLE", `${path} cannot be read`, { where: path, cause });
  }
  const nobody: Owner = { nonce: "", pid: 0, host: "", start: "", boot: "", space: "" };
  try {
    const value = { ...nobody, ...(parseJson(bytes, 4096, path) as Partial<Owner>) };
    const { pid, ...texts } = value;
    const sound =
      Number.isSafeInteger(pid) && pid > 0 && Object.values(texts).every((t) => typeof t === "string");
    return sound ? value : nobody;
  } catch (error) {
    // Locks appear whole; only a loss of power leaves an empty one. Its owner did not survive it.
    if (isCountersignError(error)) return nobody;
    throw error;
  }
}
