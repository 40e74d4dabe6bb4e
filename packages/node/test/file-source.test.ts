import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAll, sourceSha256 } from "@countersign/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileSource } from "../src/file-source.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "source-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

const content = Buffer.alloc(700_001, "0123456789abcdef");
function file(name: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}
const code = (expected: string) => expect.objectContaining({ code: expected });
const read = async (path: string, start?: number) =>
  Buffer.from(await readAll((await fileSource(path)).open(start === undefined ? {} : { start }), 1e7, path));

test("gives name, size, bytes from anywhere, and the digest", async () => {
  const path = file("a.tar");
  const source = await fileSource(path);
  expect([source.name, source.size]).toEqual(["a.tar", content.length]);
  expect((await read(path)).equals(content)).toBe(true);
  expect((await read(path, 300_000)).equals(content.subarray(300_000))).toBe(true);
  expect(await read(path, content.length)).toHaveLength(0);
  let counted = 0;
  const digest = await sourceSha256(source, { onBytes: (count) => (counted += count) });
  expect([digest, counted]).toEqual([createHash("sha256").update(content).digest("hex"), content.length]);
});

test("an empty file has the digest of nothing", async () => {
  const path = join(dir, "empty");
  writeFileSync(path, "");
  expect(await read(path)).toHaveLength(0);
  expect(await sourceSha256(await fileSource(path))).toMatch(/^e3b0c442/);
});

test("follows a link to a regular file, and refuses what is none, without waiting", async () => {
  symlinkSync(file("target"), join(dir, "link"));
  expect((await fileSource(join(dir, "link"))).size).toBe(content.length);
  mkdirSync(join(dir, "directory"));
  execFileSync("mkfifo", [join(dir, "fifo")]);
  for (const name of ["directory", "fifo", "missing"])
    await expect(fileSource(join(dir, name))).rejects.toEqual(code("FILE_UNREADABLE"));
  await expect(fileSource("/dev/null")).rejects.toEqual(code("FILE_UNREADABLE"));
});

test.each<[string, (path: string) => void]>([
  ["grows", (path) => appendFileSync(path, "more")],
  ["shrinks", (path) => truncateSync(path, 10)],
  ["is replaced", (path) => renameSync(file("other"), path)],
])("a file that %s is FILE_CHANGED, for both ways of reading", async (_, change) => {
  const path = file("changing");
  const source = await fileSource(path);
  change(path);
  await expect(sourceSha256(source)).rejects.toEqual(code("FILE_CHANGED"));
  await expect(readAll(source.open(), 1e7, "")).rejects.toEqual(code("FILE_CHANGED"));
});

test("a file that grows while it is read is FILE_CHANGED", async () => {
  const path = file("growing");
  const reader = (await fileSource(path)).open().getReader();
  await reader.read();
  appendFileSync(path, "more");
  const drain = async () => {
    while (!(await reader.read()).done);
  };
  await expect(drain()).rejects.toEqual(code("FILE_CHANGED"));
});

test("an abort stops it", async () => {
  const source = await fileSource(file("long"));
  const signal = AbortSignal.abort();
  await expect(sourceSha256(source, { signal })).rejects.toEqual(code("ABORTED"));
  await expect(readAll(source.open({ signal }), 1e7, "")).rejects.toEqual(code("ABORTED"));
});
