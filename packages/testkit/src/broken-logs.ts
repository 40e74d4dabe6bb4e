/** Logs that break one clause each: they prove that every case can fail. */

import { concatBytes, type LogReader, type LogWriter, parseProof, utf8 } from "@countersign/core";
import type { LogFixture } from "./log-cases.ts";
import { memoryLog } from "./memory-log.ts";

export interface BrokenLog {
  readonly fault: string;
  /** Name of the case that must notice. */
  readonly caughtBy: string;
  readonly make: () => Promise<LogFixture>;
}

const writing =
  (change: (writer: LogWriter, append: LogWriter["append"]) => Partial<LogWriter>) =>
  async (): Promise<LogFixture> => {
    const log = await memoryLog();
    const append: LogWriter["append"] = (record) => log.writer.append(record);
    return { ...log, writer: { ...log.writer, ...change(log.writer, append) } };
  };
const reading = (change: (reader: LogReader) => Partial<LogReader>) => async (): Promise<LogFixture> => {
  const log = await memoryLog();
  return { ...log, reader: { ...log.reader, ...change(log.reader) } };
};

export const brokenLogs: readonly BrokenLog[] = [
  {
    fault: "names another key than it signs with",
    caughtBy: "its proofs verify with its key and its origin",
    make: async () => {
      const [log, other] = [await memoryLog(), await memoryLog("memory.example/log", [], 2)];
      return { ...log, writer: { ...log.writer, verifierKey: other.writer.verifierKey } };
    },
  },
  {
    fault: "records the same bytes again",
    caughtBy: "a record that is recorded gives its first entry again",
    make: async () => {
      // A new log for each append, with everything twice where it comes twice.
      const records: Uint8Array[] = [];
      const log = await memoryLog();
      const append: LogWriter["append"] = async (record) => {
        const salted = records.some((known) => known.join() === record.join());
        records.push(record);
        const fresh = await memoryLog(
          "memory.example/log",
          salted ? [utf8("x"), ...records.slice(1, -1)] : records.slice(0, -1),
        );
        return fresh.writer.append(record);
      };
      return { ...log, writer: { ...log.writer, append } };
    },
  },
  {
    fault: "trims records",
    caughtBy: "records that differ in one byte are two",
    make: async () => {
      const log = await memoryLog();
      const seen = new Map<string, string>();
      const append: LogWriter["append"] = async (record) => {
        const text = new TextDecoder().decode(record).trim();
        const proof = seen.get(text) ?? (await log.writer.append(record));
        seen.set(text, proof);
        return proof;
      };
      return { ...log, writer: { ...log.writer, append } };
    },
  },
  {
    fault: "cuts records that are too long",
    caughtBy: "a record has at most 65,535 bytes",
    make: writing((_, append) => ({ append: (record) => append(record.subarray(0, 65_535)) })),
  },
  {
    fault: "gives the same place to those who come at once",
    caughtBy: "appends at the same time get entries of their own",
    make: async () => {
      const log = await memoryLog();
      const records: Uint8Array[] = [];
      const append: LogWriter["append"] = async (record) => {
        const before = [...records];
        await Promise.resolve();
        records.push(record);
        return (await memoryLog("memory.example/log", before)).writer.append(record);
      };
      return { ...log, writer: { ...log.writer, append } };
    },
  },
  {
    fault: "keeps nothing",
    caughtBy: "what was acknowledged is there for the next process",
    make: async () => ({ ...(await memoryLog()), reopen: () => memoryLog() }),
  },
  {
    fault: "shows an old checkpoint",
    caughtBy: "the checkpoint is signed and counts what was acknowledged",
    make: async () => {
      const log = await memoryLog();
      const old = await log.reader.checkpoint();
      return { ...log, reader: { ...log.reader, checkpoint: async () => old } };
    },
  },
  {
    fault: "gives one entry too many",
    caughtBy: "entries are read in order, byte for byte",
    make: reading((reader) => ({
      async *entries(from, to) {
        yield* reader.entries(from, to);
        yield concatBytes();
      },
    })),
  },
  {
    fault: "rewrites its first entry",
    caughtBy: "the log only grows: old checkpoints and new ones are over the same entries",
    make: async () => {
      let log = await memoryLog();
      const records: Uint8Array[] = [];
      const append: LogWriter["append"] = async (record) => {
        const proof = await log.writer.append(record);
        if (parseProof(proof).index === records.length) records.push(record);
        if (records.length === 5)
          log = await memoryLog("memory.example/log", [utf8("forged"), ...records.slice(1)]);
        return proof;
      };
      return {
        writer: { ...log.writer, append },
        reader: {
          checkpoint: () => log.reader.checkpoint(),
          entries: (from, to) => log.reader.entries(from, to),
        },
      };
    },
  },
];
