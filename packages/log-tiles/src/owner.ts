/** Which process holds a lock, and whether it is dead. In doubt it lives. */

import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

export interface Owner {
  /** Unique for each holding of a lock. */
  readonly nonce: string;
  /** 0: the lock file was unreadable; nobody. */
  readonly pid: number;
  readonly host: string;
  /** When the process began, so that a later one of the same number is told from it. Empty: this system does not say. */
  readonly start: string;
  /** Which run of the system. Empty: not known. */
  readonly boot: string;
  /** The namespace that the process number belongs to. Empty: not known. */
  readonly space: string;
}

/** This process, without a nonce. */
export async function thisProcess(): Promise<Omit<Owner, "nonce">> {
  const [stat, boot, space] = await Promise.all([
    processStat(process.pid),
    readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => ""),
    readlink("/proc/self/ns/pid").catch(() => ""),
  ]);
  return { pid: process.pid, host: hostname(), start: stat?.start ?? "", boot: boot.trim(), space };
}

/** Is this process gone for certain? */
export async function isDead(owner: Owner): Promise<boolean> {
  if (owner.pid === 0) return true;
  const here = await thisProcess();
  // Another machine or container: its processes cannot be seen from here.
  if (owner.host !== here.host) return false;
  if (owner.boot !== here.boot && owner.boot !== "" && here.boot !== "") return true;
  if (owner.space !== here.space) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives, and is another user's.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  const stat = await processStat(owner.pid);
  if (stat === undefined) return false;
  return stat.ended || (owner.start !== "" && owner.start !== stat.start);
}

/** From Linux's /proc; undefined elsewhere. @see proc(5), "/proc/pid/stat" */
async function processStat(pid: number): Promise<{ start: string; ended: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is a file name in parentheses and may hold anything: count from the last one.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields?.[0], fields?.[19]];
  if (state === undefined || start === undefined) return undefined;
  return { start, ended: state === "Z" || state === "X" };
}
