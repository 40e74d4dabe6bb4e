/** The contract of `LogWriter` and `LogReader`, case by case. */

import {
  type LogReader,
  type LogWriter,
  leafHash,
  type OpenedCheckpoint,
  openCheckpoint,
  parseVerifierKey,
  toHex,
  treeRoot,
  utf8,
  verifyRecordProof,
} from "@countersign/core";
import { attempt, type ConformanceCase, caseOn, check, checkEqual } from "./conformance-case.ts";

export interface LogFixture {
  /** Of an empty log, made for one case. */
  readonly writer: LogWriter;
  readonly reader?: LogReader;
  /** The same log as another process finds it. */
  readonly reopen?: () => Promise<LogFixture>;
  readonly close?: () => Promise<void>;
}

interface LogCase {
  readonly name: string;
  readonly clause: string;
  readonly needs?: readonly ("reader" | "reopen")[];
  readonly run: (fixture: LogFixture, reader: LogReader) => Promise<void>;
}

const record = (i: number): Uint8Array => utf8(`record ${i}\n\0\r\n`);

async function append(writer: LogWriter, bytes: Uint8Array): Promise<number> {
  return verifyRecordProof(bytes, await writer.append(bytes), [parseVerifierKey(writer.verifierKey)]).index;
}

async function appendMany(writer: LogWriter, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await append(writer, record(i));
}

async function readCheckpoint({ writer }: LogFixture, reader: LogReader): Promise<OpenedCheckpoint> {
  return openCheckpoint(await reader.checkpoint(), parseVerifierKey(writer.verifierKey));
}

async function collect(entries: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const entry of entries) all.push(entry.slice());
  return all;
}

const cases: readonly LogCase[] = [
  {
    name: "its proofs verify with its key and its origin",
    clause: "The log's verifier key in C2SP form: `name+hex+base64`.",
    async run({ writer }) {
      for (let i = 0; i < 5; i++) {
        const proof = await writer.append(record(i));
        const outcome = await attempt(() =>
          verifyRecordProof(record(i), proof, [parseVerifierKey(writer.verifierKey)]),
        );
        check(outcome.error === undefined, `a proof that verifies, found ${String(outcome.error)}`);
        checkEqual(
          verifyRecordProof(record(i), proof, [parseVerifierKey(writer.verifierKey)]).origin,
          writer.origin,
          "origin",
        );
      }
    },
  },
  {
    name: "a record that is recorded gives its first entry again",
    clause: "Idempotent: the same bytes are recorded once and give a proof of their first entry.",
    async run({ writer }) {
      await appendMany(writer, 0, 3);
      checkEqual(await append(writer, record(0)), 0, "index of the first record, again");
      checkEqual(await append(writer, record(3)), 3, "index of the next record");
    },
  },
  {
    name: "records that differ in one byte are two",
    clause: "the same bytes are recorded once",
    async run({ writer }) {
      const found = [];
      for (const text of ["a", "a\n", "A", " a"]) found.push(await append(writer, utf8(text)));
      checkEqual(found, [0, 1, 2, 3], "indexes");
    },
  },
  {
    name: "a record has at most 65,535 bytes",
    clause: "@param record at most 65,535 bytes",
    async run({ writer }) {
      checkEqual(await append(writer, new Uint8Array(65_535).fill(1)), 0, "index of the largest record");
      const outcome = await attempt(() => writer.append(new Uint8Array(65_536)));
      check(outcome.error !== undefined, "65,536 bytes to be refused");
      checkEqual(await append(writer, record(0)), 1, "index of the record after the refused one");
    },
  },
  {
    name: "appends at the same time get entries of their own",
    clause: "Durable before it returns. Idempotent",
    async run({ writer }) {
      const indexes = await Promise.all([0, 1, 2, 3, 1].map((i) => append(writer, record(i))));
      checkEqual(new Set(indexes).size, 4, "number of entries");
      checkEqual(indexes[4], indexes[1], "index of the record that came twice");
    },
  },
  {
    name: "what was acknowledged is there for the next process",
    clause: "Durable before it returns.",
    needs: ["reopen"],
    async run({ writer, reopen }) {
      await appendMany(writer, 0, 3);
      const again = await reopen?.();
      check(again !== undefined, "a fixture that reopens");
      checkEqual(again.writer.verifierKey, writer.verifierKey, "key");
      checkEqual(await append(again.writer, record(1)), 1, "index of a known record");
      checkEqual(await append(again.writer, record(3)), 3, "index of the next record");
    },
  },
  {
    name: "the checkpoint is signed and counts what was acknowledged",
    clause: "The log's newest checkpoint, as bytes of a signed note. Unverified.",
    needs: ["reader"],
    async run(fixture, reader) {
      await appendMany(fixture.writer, 0, 3);
      const outcome = await attempt(() => readCheckpoint(fixture, reader));
      check(
        outcome.error === undefined,
        `a checkpoint signed by the log's key, found ${String(outcome.error)}`,
      );
      checkEqual((await readCheckpoint(fixture, reader)).size, 3, "size");
    },
  },
  {
    name: "entries are read in order, byte for byte",
    clause: "Entries `from` (inclusive) to `to` (exclusive), in order",
    needs: ["reader"],
    async run({ writer }, reader) {
      await appendMany(writer, 0, 6);
      const read = async (from: number, to: number) => (await collect(reader.entries(from, to))).map(toHex);
      const all = [0, 1, 2, 3, 4, 5].map((i) => toHex(record(i)));
      checkEqual(await read(0, 6), all, "all entries");
      checkEqual(await read(2, 4), all.slice(2, 4), "entries 2 and 3");
    },
  },
  {
    name: "the log only grows: old checkpoints and new ones are over the same entries",
    clause: "an append-only list of records that nobody can rewrite quietly",
    needs: ["reader"],
    async run(fixture, reader) {
      await appendMany(fixture.writer, 0, 3);
      const before = await readCheckpoint(fixture, reader);
      await appendMany(fixture.writer, 3, 7);
      const after = await readCheckpoint(fixture, reader);
      const entries = await collect(reader.entries(0, after.size));
      for (const { size, root } of [before, after])
        checkEqual(
          toHex(treeRoot(entries.slice(0, size).map(leafHash))),
          toHex(root),
          `root of ${size} entries`,
        );
    },
  },
];

/** Every case makes a log of its own. @param options.make an adapter with an empty log */
export function logCases({ make }: { readonly make: () => Promise<LogFixture> }): readonly ConformanceCase[] {
  const has = (fixture: LogFixture, need: string): boolean => Reflect.has(fixture, need);
  return cases.map((one) =>
    caseOn({ ...one, run: (fixture) => one.run(fixture, fixture.reader ?? missingReader) }, make, has),
  );
}

const missingReader: LogReader = {
  checkpoint: () => Promise.reject(new TypeError("a case without `needs: reader` reads")),
  entries: () => {
    throw new TypeError("a case without `needs: reader` reads");
  },
};
