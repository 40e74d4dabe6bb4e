import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAll } from "@countersign/core";
import { afterAll, beforeEach, expect, test } from "vitest";
import { directorySink } from "../src/directory-sink.ts";

const root = mkdtempSync(join(tmpdir(), "sink-"));
afterAll(() => rmSync(root, { recursive: true }));
let dir = "";
let count = 0;
beforeEach(() => {
  dir = join(root, `${count++}`);
});

const code = (expected: string) => expect.objectContaining({ code: expected });
async function put(name: string, start: number, ...parts: string[]): Promise<void> {
  const writer = (await directorySink(dir).write(name, start)).getWriter();
  for (const part of parts) await writer.write(Buffer.from(part));
  await writer.close();
}
const partial = async (name: string) =>
  Buffer.from(await readAll(directorySink(dir).readPartial(name), 1e9, name)).toString();

test("a file is written, continued, and gets its name in the end", async () => {
  const sink = directorySink(dir);
  expect([await sink.partial("a"), await sink.existing("a")]).toEqual([0, undefined]);
  await put("a", 0, "one ", "two");
  expect([await sink.partial("a"), await partial("a")]).toEqual([7, "one two"]);
  await put("a", 4, "three");
  expect(readdirSync(dir)).toEqual(["a.partial"]);
  await sink.commit("a");
  expect([readdirSync(dir), readFileSync(join(dir, "a"), "utf8")]).toEqual([["a"], "one three"]);
  expect((await sink.existing("a"))?.size).toBe(9);
});

test("large pieces and many small ones come out whole", async () => {
  const piece = "0123456789".repeat(50_000);
  await put("big", 0, ...Array(9).fill(piece), "end");
  expect((await partial("big")) === `${piece.repeat(9)}end`).toBe(true);
});

test("what was written before an abort is kept for the next run", async () => {
  const writer = (await directorySink(dir).write("a", 0)).getWriter();
  await writer.write(Buffer.from("kept"));
  await writer.abort(new Error("cut"));
  expect(await partial("a")).toBe("kept");
});

test("other bytes under the final name are never replaced; equal ones are fine", async () => {
  await put("a", 0, "new");
  writeFileSync(join(dir, "a"), "old");
  await expect(directorySink(dir).commit("a")).rejects.toEqual(code("FILE_EXISTS"));
  expect([readFileSync(join(dir, "a"), "utf8"), await partial("a")]).toEqual(["old", "new"]);
  await put("a", 0, "old");
  await directorySink(dir).commit("a");
  expect(readdirSync(dir)).toEqual(["a"]);
});

test("a run that was stopped between the two names is finished, not written into", async () => {
  await put("a", 0, "done");
  linkSync(join(dir, "a.partial"), join(dir, "a"));
  const sink = directorySink(dir);
  expect(await sink.partial("a")).toBe(0);
  await expect(sink.write("a", 2)).rejects.toEqual(code("FILE_CHANGED"));
  await put("a", 0, "evil");
  expect(readFileSync(join(dir, "a"), "utf8")).toBe("done");
  await sink.discard("a");
  linkSync(join(dir, "a"), join(dir, "a.partial"));
  await sink.commit("a");
  expect(readdirSync(dir)).toEqual(["a"]);
});

test("symbolic links and directories in place of files are refused, and what they point to stays", async () => {
  mkdirSync(dir);
  const victim = join(root, "victim");
  writeFileSync(victim, "victim");
  symlinkSync(victim, join(dir, "a.partial"));
  symlinkSync(victim, join(dir, "b"));
  symlinkSync(join(root, "nowhere"), join(dir, "c"));
  mkdirSync(join(dir, "d.partial"));
  const sink = directorySink(dir);
  for (const work of [
    () => sink.partial("a"),
    () => sink.write("a", 0),
    () => sink.write("a", 3),
    () => sink.commit("a"),
    () => partial("a"),
    () => sink.existing("b"),
    () => sink.write("d", 0),
  ])
    await expect(work()).rejects.toEqual(code("FILE_UNREADABLE"));
  await put("c", 0, "mine");
  await expect(sink.commit("c")).rejects.toEqual(code("FILE_UNREADABLE"));
  expect([readFileSync(victim, "utf8"), existsSync(join(root, "nowhere"))]).toEqual(["victim", false]);
  expect(lstatSync(join(dir, "c")).isSymbolicLink()).toBe(true);
});

test.each(["../a", "a/b", "-a", ".a", "", "a\u0000"])("refuses the name %j", async (name) => {
  const sink = directorySink(dir);
  for (const work of [() => sink.partial(name), () => sink.write(name, 0), () => sink.commit(name)])
    await expect(work()).rejects.toEqual(code("NAME_REFUSED"));
});
