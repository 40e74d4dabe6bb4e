import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  leafHash,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseProof,
  parseVerifierKey,
  treeRoot,
  utf8,
  verifyConsistency,
  verifyRecordProof,
} from "@countersign/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addLeaf, edgeRoot, emptyEdge } from "../src/growth.ts";
import {
  checkLog,
  directoryLogReader,
  directoryLogWriter,
  generateLogKey,
  initLog,
  parseLogKey,
  readLogKey,
  writeLogKey,
} from "../src/index.ts";

const origin = "log.example/test";
const code = (name: string) => expect.objectContaining({ code: name });
const record = (i: number) => utf8(`record ${i}`);
const records = (count: number) => Array.from({ length: count }, (_, i) => record(i));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "log-"));
});
afterEach(() => rm(directory, { recursive: true }));

const begin = async () => {
  const { key, verifierKey } = await initLog({ directory, origin });
  return {
    key,
    verifier: parseVerifierKey(verifierKey),
    writer: await directoryLogWriter({ directory, key }),
  };
};
const collect = async (entries: AsyncIterable<Uint8Array>) => {
  const all: Uint8Array[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
};

test("the edge of a growing tree has the tree's root at every size", () => {
  const edge = emptyEdge();
  const leaves: Uint8Array[] = [];
  for (let i = 0; i < 600; i++) {
    const leaf = leafHash(record(i));
    leaves.push(leaf);
    const full = addLeaf(edge, leaf);
    expect(full.length).toBe((i + 1) % 256 === 0 ? 1 : 0);
    expect(edgeRoot(edge)).toEqual(treeRoot(leaves));
  }
});

describe("keys", () => {
  test("are Go's: name, id and seed", () => {
    const text = "PRIVATE+KEY+log.example/test+50945354+AebzbqQI+9tkmmFSBUju0gYifXzD3MM/vUFas/2YQkrD";
    expect(parseLogKey(text).verifier.text).toBe(
      "log.example/test+50945354+AbSuv8CrZWt0hErAc2GAoTDHefKi+bCq9/MJIEyKtQHs",
    );
  });

  test("are kept where only the owner reads, and never overwritten", async () => {
    const path = join(directory, "key");
    const key = generateLogKey(origin);
    await writeLogKey(path, key);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readLogKey(path)).toBe(key);
    await expect(writeLogKey(path, key)).rejects.toThrow(code("FILE_EXISTS"));
  });

  test("a malformed key is refused and not shown", () => {
    const key = generateLogKey(origin);
    for (const bad of [key.replace("log.", "gol."), key.slice(0, -4), `x${key}`, key.replace("+A", "+B"), ""])
      expect(() => parseLogKey(bad)).toThrow(
        expect.objectContaining({
          code: "KEY_MALFORMED",
          message: expect.not.stringContaining(key.slice(-20)),
        }),
      );
    expect(() => generateLogKey("two words")).toThrow(code("NAME_REFUSED"));
  });
});

describe("initLog", () => {
  test("makes an empty log that checks", async () => {
    const { verifier } = await begin();
    expect(await checkLog(directoryLogReader(directory), [verifier])).toMatchObject({
      origin,
      size: 0,
      tiles: 0,
    });
  });

  test("never begins a log anew", async () => {
    const { key, writer } = await begin();
    await expect(initLog({ directory, origin })).rejects.toThrow(code("LOG_EXISTS"));
    await initLog({ directory, origin, key });
    await writer.append(record(0));
    await expect(initLog({ directory, origin, key })).rejects.toThrow(code("LOG_EXISTS"));
    await rm(join(directory, "checkpoint"));
    await expect(initLog({ directory, origin, key })).rejects.toThrow(code("LOG_EXISTS"));
    await expect(directoryLogWriter({ directory, key })).rejects.toThrow(code("LOG_MISSING"));
  });
});

describe("append", () => {
  test("gives a proof that verifies offline; the same bytes are recorded once", async () => {
    const { verifier, writer } = await begin();
    const first = await writer.append(record(1));
    expect(verifyRecordProof(record(1), first, [verifier])).toMatchObject({ origin, index: 0, size: 1 });
    await writer.append(record(2));
    const again = await writer.append(record(1));
    expect(verifyRecordProof(record(1), again, [verifier])).toMatchObject({ index: 0, size: 2 });
    const proofs = await writer.appendAll([record(3), record(2), record(3)]);
    expect(proofs.map((proof) => parseProof(proof).index)).toEqual([2, 1, 2]);
    expect((await checkLog(directoryLogReader(directory), [verifier])).size).toBe(3);
  });

  test("calls at once are put in a row", async () => {
    const { verifier, writer } = await begin();
    const proofs = await Promise.all(records(12).map((r) => writer.append(r)));
    proofs.forEach((proof, i) => {
      expect(verifyRecordProof(record(i), proof, [verifier]).index).toBe(i);
    });
  });

  test("takes entries from empty to 65,535 bytes, and no larger one", async () => {
    const { verifier, writer } = await begin();
    const [empty, large] = [new Uint8Array(), new Uint8Array(65_535).fill(7)];
    await expect(writer.appendAll([empty, new Uint8Array(65_536)])).rejects.toThrow(code("FILE_TOO_LARGE"));
    await writer.appendAll([empty, large]);
    expect(await collect(directoryLogReader(directory).entries(0, 2))).toEqual([empty, large]);
    expect((await checkLog(directoryLogReader(directory), [verifier])).bytes).toBe(65_535);
  });

  test("a caller may use its buffer again at once", async () => {
    const { verifier, writer } = await begin();
    const buffer = record(1);
    const pending = writer.append(buffer);
    buffer.fill(0);
    expect(verifyRecordProof(record(1), await pending, [verifier]).index).toBe(0);
  });

  test("two writers in turn see each other's entries", async () => {
    const { key, verifier, writer } = await begin();
    const other = await directoryLogWriter({ directory, key });
    for (let i = 0; i < 6; i++) await (i % 2 ? writer : other).append(record(i));
    expect(parseProof(await other.append(record(5))).index).toBe(5);
    expect(parseProof(await writer.append(record(0))).index).toBe(0);
    expect((await checkLog(directoryLogReader(directory), [verifier])).size).toBe(6);
  });

  test("an aborted one appends nothing", async () => {
    const { verifier, writer } = await begin();
    await expect(writer.append(record(1), { signal: AbortSignal.abort() })).rejects.toThrow(code("ABORTED"));
    expect((await checkLog(directoryLogReader(directory), [verifier])).size).toBe(0);
  });

  test("another key's log is refused, also under the same name", async () => {
    await begin();
    const impostor = generateLogKey(origin);
    await expect(directoryLogWriter({ directory, key: impostor })).rejects.toThrow(code("NOTE_UNVERIFIED"));
    const keys = [parseLogKey(impostor).verifier];
    await expect(checkLog(directoryLogReader(directory), keys)).rejects.toThrow(code("NOTE_UNVERIFIED"));
    const stranger = [parseLogKey(generateLogKey("other.example")).verifier];
    await expect(checkLog(directoryLogReader(directory), stranger)).rejects.toThrow(code("LOG_UNKNOWN"));
  });

  test("a log that was rewound under an open writer is refused, and stays refused", async () => {
    const { writer } = await begin();
    await writer.append(record(0));
    const old = await readFile(join(directory, "checkpoint"));
    await writer.append(record(1));
    await writeFile(join(directory, "checkpoint"), old);
    await expect(writer.append(record(2))).rejects.toThrow(code("LOG_FORKED"));
    await expect(writer.append(record(2))).rejects.toThrow(code("LOG_FORKED"));
  });
});

describe("a log of 1,000 records", () => {
  test("grown in uneven steps has the same files as one written at once", async () => {
    const { key, verifier, writer } = await begin();
    const all = records(1000);
    const reader = directoryLogReader(directory);
    const trees = [];
    for (const [from, to] of [
      [0, 1],
      [1, 255],
      [255, 256],
      [256, 257],
      [257, 700],
      [700, 1000],
    ] as const) {
      const proofs = await writer.appendAll(all.slice(from, to));
      proofs.forEach((proof, i) => {
        expect(verifyRecordProof(record(from + i), proof, [verifier])).toMatchObject({
          index: from + i,
          size: to,
        });
      });
      trees.push(openCheckpoint(await reader.checkpoint(), verifier));
    }
    expect(await checkLog(reader, [verifier])).toMatchObject({ size: 1000, bundles: 4, tiles: 5 });
    expect(await collect(reader.entries(0, 1000))).toEqual(all);
    expect(await collect(reader.entries(250, 520))).toEqual(all.slice(250, 520));
    expect(await collect(reader.entries(7, 7))).toEqual([]);
    for (const index of [0, 255, 256, 511, 767, 768, 999])
      expect(verifyRecordProof(record(index), await reader.prove(index), [verifier]).index).toBe(index);
    for (const old of trees)
      for (const next of trees)
        if (old.size <= next.size)
          verifyConsistency(old, next, await reader.proveConsistency(old.size, next.size));

    const files = async (path: string) =>
      (await readdir(path, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile() && !entry.name.startsWith("key"))
        .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
        .sort();
    expect(await files(directory)).toEqual([
      "checkpoint",
      "tile/0/000",
      "tile/0/001",
      "tile/0/002",
      "tile/0/003.p/232",
      "tile/1/000.p/1",
      "tile/1/000.p/2",
      "tile/1/000.p/3",
      "tile/entries/000",
      "tile/entries/001",
      "tile/entries/002",
      "tile/entries/003.p/232",
    ]);
    const whole = await mkdtemp(join(tmpdir(), "log-"));
    try {
      await initLog({ directory: whole, origin, key });
      await (await directoryLogWriter({ directory: whole, key })).appendAll(all);
      for (const path of await files(whole))
        expect(await readFile(join(whole, path))).toEqual(await readFile(join(directory, path)));
    } finally {
      await rm(whole, { recursive: true });
    }
  });
});

test("entries that the log has not are unavailable; no range is a mistake", async () => {
  const { writer } = await begin();
  await writer.append(record(0));
  const reader = directoryLogReader(directory);
  await expect(collect(reader.entries(0, 2))).rejects.toThrow(code("LOG_UNAVAILABLE"));
  await expect(reader.prove(1)).rejects.toThrow(code("LOG_UNAVAILABLE"));
  await expect(collect(reader.entries(2, 1))).rejects.toThrow(TypeError);
  expect(parseCheckpoint(parseNote(await reader.checkpoint()).text).size).toBe(1);
});
