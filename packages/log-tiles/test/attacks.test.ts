import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  fail,
  openCheckpoint,
  parseVerifierKey,
  utf8,
  type VerifierKey,
  verifyRecordProof,
} from "@countersign/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  checkLog,
  directoryLogReader,
  directoryLogWriter,
  type FetchBytes,
  httpLogReader,
  initLog,
} from "../src/index.ts";

const origin = "log.example/test";
const size = 600;
const code = (name: string) => expect.objectContaining({ code: name });
const record = (i: number) => utf8(`record ${i}`);

let room: string;
let log: string;
let key: string;
let verifier: VerifierKey;

beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), "log-attacks-"));
  log = join(room, "log");
  const made = await initLog({ directory: log, origin });
  key = made.key;
  verifier = parseVerifierKey(made.verifierKey);
  const writer = await directoryLogWriter({ directory: log, key });
  await writer.appendAll(Array.from({ length: size }, (_, i) => record(i)));
});
afterAll(() => rm(room, { recursive: true }));

let copies = 0;
async function damaged(path: string, change: (bytes: Buffer) => Uint8Array | undefined): Promise<string> {
  const directory = join(room, `copy-${copies++}`);
  await cp(log, directory, { recursive: true });
  const changed = change(await readFile(join(directory, path)));
  if (changed === undefined) await rm(join(directory, path));
  else await writeFile(join(directory, path), changed);
  return directory;
}
const readEntries = async (directory: string) => {
  for await (const _ of directoryLogReader(directory).entries(0, size));
};

const changes = [
  ["a bit changed at the start", (b: Buffer) => Buffer.concat([Buffer.of((b[0] ?? 0) ^ 1), b.subarray(1)])],
  [
    "a bit changed in the middle",
    (b: Buffer) => b.fill((b[b.length >> 1] ?? 0) ^ 1, b.length >> 1, (b.length >> 1) + 1),
  ],
  ["its last byte missing", (b: Buffer) => b.subarray(0, -1)],
  ["half of it missing", (b: Buffer) => b.subarray(0, b.length >> 1)],
  ["nothing in it", () => Buffer.alloc(0)],
  ["a byte too many", (b: Buffer) => Buffer.concat([b, Buffer.of(0)])],
  ["no file", () => undefined],
  ["a huge file", () => Buffer.alloc(20_000_000)],
] as const;

test("the files that are damaged below are all there are", async () => {
  const files = (await readdir(log, { recursive: true, withFileTypes: true })).filter((f) => f.isFile());
  expect(files.map((f) => join(f.parentPath, f.name).slice(log.length + 1)).sort()).toEqual([
    "checkpoint",
    ...tiles,
  ]);
});

const tiles = [
  "tile/0/000",
  "tile/0/001",
  "tile/0/002.p/88",
  "tile/1/000.p/2",
  "tile/entries/000",
  "tile/entries/001",
  "tile/entries/002.p/88",
];
describe.each(tiles)("%s with", (path) => {
  test.each(changes)(
    "%s: the check names it or what it must agree with, and no false entry is read",
    async (_, change) => {
      const directory = await damaged(path, change);
      await expect(checkLog(directoryLogReader(directory), [verifier])).rejects.toThrow(
        expect.objectContaining({
          code: "LOG_MALFORMED",
          where: expect.stringContaining(path.startsWith("tile/entries") ? "tile/" : path),
        }),
      );
      if (path.startsWith("tile/entries"))
        await expect(readEntries(directory)).rejects.toThrow(/PROOF_MISMATCH|tile\/entries/);
      // Full bundles are read again by no writer: `checkLog` is for them.
      if (!/entries\/00[01]$/.test(path))
        await expect(directoryLogWriter({ directory, key })).rejects.toThrow(code("LOG_MALFORMED"));
      await rm(directory, { recursive: true });
    },
  );
});

describe("a checkpoint with", () => {
  test.each(changes)("%s is refused by check and writer", async (_, change) => {
    const directory = await damaged("checkpoint", change);
    const refused = expect.objectContaining({
      code: expect.stringMatching(
        /^(NOTE_MALFORMED|NOTE_UNVERIFIED|CHECKPOINT_MALFORMED|LOG_MISSING|LOG_MALFORMED|LOG_UNKNOWN)$/,
      ),
    });
    await expect(checkLog(directoryLogReader(directory), [verifier])).rejects.toThrow(refused);
    await expect(directoryLogWriter({ directory, key })).rejects.toThrow(refused);
    await rm(directory, { recursive: true });
  });
});

test("tiles of another tree of the same size are not those of the checkpoint", async () => {
  const other = join(room, "other");
  await initLog({ directory: other, origin, key });
  const writer = await directoryLogWriter({ directory: other, key });
  await writer.appendAll(Array.from({ length: size }, (_, i) => utf8(`other ${i}`)));
  await cp(join(log, "checkpoint"), join(other, "checkpoint"));
  const reader = directoryLogReader(other);
  await expect(checkLog(reader, [verifier])).rejects.toThrow(code("LOG_MALFORMED"));
  await expect(readEntries(other)).rejects.toThrow(code("PROOF_MISMATCH"));
  await expect(reader.prove(3)).rejects.toThrow(code("PROOF_MISMATCH"));
  await expect(directoryLogWriter({ directory: other, key })).rejects.toThrow(code("LOG_MALFORMED"));
});

describe("over HTTP", () => {
  let server: Server;
  let url: string;
  const requested: string[] = [];
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      requested.push(request.url ?? "");
      const bytes = await readFile(join(log, request.url?.replace("/log/", "") ?? "")).catch(() => undefined);
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  const get: FetchBytes = async (where, _limit, options) => {
    const response = await fetch(where, options?.signal ? { signal: options.signal } : {});
    if (response.status === 404) return fail("RELEASE_MISSING", "not there", { where });
    return new Uint8Array(await response.arrayBuffer());
  };

  test("reads, proves and checks, with about one request for 256 entries", async () => {
    requested.length = 0;
    const reader = httpLogReader(url, get);
    let index = 0;
    for await (const entry of reader.entries(0, size)) expect(entry).toEqual(record(index++));
    expect(index).toBe(size);
    expect(requested.length).toBeLessThanOrEqual(1 + 3 + 2);
    expect(verifyRecordProof(record(5), await reader.prove(5), [verifier])).toMatchObject({ index: 5, size });
    expect(await checkLog(httpLogReader(`${url}/`, get), [verifier])).toMatchObject({ size, bundles: 3 });
  });

  test("takes the full tile where the partial one is gone", async () => {
    // A reader with a checkpoint of 600 entries, and a log that has since grown to 1,000.
    const old = join(room, "grown");
    await cp(log, old, { recursive: true });
    const reader = directoryLogReader(old);
    const then = openCheckpoint(await reader.checkpoint(), verifier);
    const writer = await directoryLogWriter({ directory: old, key });
    await writer.appendAll(Array.from({ length: 400 }, (_, i) => record(size + i)));
    expect(await readdir(join(old, "tile/entries"))).not.toContain("002.p");
    let index = 0;
    for await (const entry of reader.entries(0, size, { tree: then })) expect(entry).toEqual(record(index++));
    expect(index).toBe(size);
    expect(verifyRecordProof(record(599), await reader.prove(599), [verifier]).size).toBe(size);
  });

  test("a server without a log, a fetcher that ignores the limit, a network that fails", async () => {
    await expect(httpLogReader(`${url}/nothing`, get).checkpoint()).rejects.toThrow(code("LOG_UNAVAILABLE"));
    const endless: FetchBytes = async (_, limit) => new Uint8Array(limit + 1);
    await expect(httpLogReader(url, endless).checkpoint()).rejects.toThrow(code("LOG_MALFORMED"));
    const broken: FetchBytes = async (where) => fail("NETWORK_FAILED", "no route", { where });
    await expect(httpLogReader(url, broken).checkpoint()).rejects.toThrow(code("NETWORK_FAILED"));
  });

  test("a wrong tile is not kept: the next answer counts", async () => {
    let lying = true;
    const reader = httpLogReader(url, async (where, limit, options) => {
      const bytes = await get(where, limit, options);
      return lying && where.includes("/tile/") ? bytes.map((b) => b ^ 1) : bytes;
    });
    await expect(reader.prove(5)).rejects.toThrow(code("PROOF_MISMATCH"));
    lying = false;
    expect(verifyRecordProof(record(5), await reader.prove(5), [verifier]).index).toBe(5);
  });
});
