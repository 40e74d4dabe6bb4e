/** Objects of a repository as a stream of bytes, by one `git cat-file --batch`. */

import { CountersignError, fail } from "@countersign/core";
import { type RunOptions, spawnGit } from "./git.ts";

export interface ObjectReader {
  /** The next object that was asked for. Read its content to the end before the next call. @throws REPOSITORY_UNREADABLE */
  next(): Promise<{ readonly id: string; readonly type: string; readonly size: number }>;
  /** A piece of the current content; undefined at its end. */
  piece(): Promise<Uint8Array | undefined>;
  /** All of the current content. @throws FILE_TOO_LARGE */
  all(limit: number, where: string): Promise<Uint8Array>;
  /** Ends git. Call it always. */
  close(): Promise<void>;
}

/** @param ids in the order in which the objects will come */
export function openObjects(room: RunOptions, ids: Iterable<string>): ObjectReader {
  const { child, ended } = spawnGit(["cat-file", "--batch"], room);
  const source = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  feed(child.stdin, ids);
  let chunk: Buffer = Buffer.alloc(0);
  let left = 0;
  let size = 0;
  const more = async (): Promise<void> => {
    const next = await source.next().catch((cause: unknown): never => {
      throw new CountersignError("REPOSITORY_UNREADABLE", "git stopped while it was read", { cause });
    });
    if (next.done) {
      const { status, said } = await ended;
      fail("REPOSITORY_UNREADABLE", `git cat-file ended early (${status}): ${said}`);
    } else chunk = next.value;
  };
  const line = async (): Promise<string> => {
    let text = "";
    for (;;) {
      const end = chunk.indexOf(0x0a);
      text += chunk.toString("latin1", 0, end < 0 ? chunk.length : end);
      if (end >= 0) {
        chunk = chunk.subarray(end + 1);
        return text;
      }
      if (text.length > 1000) fail("REPOSITORY_UNREADABLE", "git cat-file gave a line that is too long");
      await more();
    }
  };
  const reader: ObjectReader = {
    async next() {
      const found = /^([0-9a-f]+) (blob|tree|commit|tag) (\d+)$/.exec(await line());
      const [, id, type, digits] = found ?? [];
      if (id === undefined || type === undefined)
        return fail(
          "REPOSITORY_UNREADABLE",
          "an object is missing in the repository: is it a partial clone?",
          {
            hint: "Fetch the whole repository (`git fetch --refetch`) and run again.",
          },
        );
      size = Number(digits);
      left = size;
      if (left === 0) await endOfContent();
      return { id, type, size };
    },
    async piece() {
      if (left === 0) return undefined;
      while (chunk.length === 0) await more();
      const part = chunk.subarray(0, left);
      chunk = chunk.subarray(part.length);
      left -= part.length;
      if (left === 0) await endOfContent();
      return part;
    },
    async all(limit, where) {
      if (size > limit) fail("FILE_TOO_LARGE", `${where} has ${size} bytes, more than ${limit}`, { where });
      const whole = new Uint8Array(size);
      let at = 0;
      for (let part = await reader.piece(); part; part = await reader.piece()) {
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    },
    async close() {
      child.stdin.destroy();
      child.stdout.destroy();
      child.kill();
      await ended.catch(() => undefined);
    },
  };
  const endOfContent = async (): Promise<void> => {
    if ((await line()) !== "") fail("REPOSITORY_UNREADABLE", "git cat-file gave more than it said");
  };
  return reader;
}

/** Hands the ids over as fast as git reads them, some thousand at a time. */
function feed(stdin: NodeJS.WritableStream, ids: Iterable<string>): void {
  const iterator = ids[Symbol.iterator]();
  const write = (): void => {
    for (;;) {
      let text = "";
      for (let i = 0; i < 500; i++) {
        const next = iterator.next();
        if (next.done) {
          stdin.end(text);
          return;
        }
        text += `${next.value}\n`;
      }
      if (!stdin.write(text)) {
        stdin.once("drain", write);
        return;
      }
    }
  };
  write();
}
