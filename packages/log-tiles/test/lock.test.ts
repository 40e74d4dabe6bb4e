import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { acquireLock } from "../src/lock.ts";
import { isDead, thisProcess } from "../src/owner.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lock-"));
  await mkdir(join(directory, ".writer"));
  path = join(directory, ".writer/lock");
});
afterEach(() => rm(directory, { recursive: true }));

const endedPid = () => spawnSync(process.execPath, ["--version"]).pid;
const owner = async (changes: object) => ({ ...(await thisProcess()), nonce: "of-the-test", ...changes });
const locked = expect.objectContaining({ code: "LOG_LOCKED" });

test("is held by one, then by the next", async () => {
  const first = await acquireLock(directory, 0);
  expect(first.tookOver).toBe(false);
  await expect(acquireLock(directory, 0)).rejects.toThrow(locked);
  const waiting = acquireLock(directory, 10_000);
  await first.release();
  const second = await waiting;
  expect(await second.held()).toBe(true);
  expect(await first.held()).toBe(false);
  // Releasing twice does not take it from the next one.
  await first.release();
  expect(await second.held()).toBe(true);
  await second.release();
  expect(await readdir(join(directory, ".writer"))).toEqual([]);
});

test("waiting can be stopped", async () => {
  await acquireLock(directory, 0);
  const stop = new AbortController();
  const waiting = acquireLock(directory, 60_000, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow(expect.objectContaining({ code: "ABORTED" }));
});

describe("a lock is taken over", () => {
  test.each([
    ["of a process that ended", async () => owner({ pid: endedPid() })],
    ["of an earlier run of the system", async () => owner({ boot: "another" })],
    ["of an earlier process with our number", async () => owner({ start: "1" })],
  ])("%s", async (_, make) => {
    await writeFile(path, JSON.stringify(await make()));
    // Where the system does not tell one run or process from another, the owner counts as alive.
    test.skipIf(process.platform !== "linux");
    expect((await acquireLock(directory, 0)).tookOver).toBe(true);
    expect(await readdir(join(directory, ".writer"))).toEqual(["lock"]);
  });

  test.each(["", "{", "[]", '{"pid":-1,"nonce":"x"}', '{"pid":"1"}'])(
    "that a loss of power left as %j",
    async (text) => {
      await writeFile(path, text);
      expect((await acquireLock(directory, 0)).tookOver).toBe(true);
    },
  );

  test("when who took it over before died at it", async () => {
    const gone = JSON.stringify(await owner({ pid: endedPid() }));
    for (const name of [path, `${path}.break`, `${path}.break.break`]) await writeFile(name, gone);
    await acquireLock(directory, 0);
    expect(await readdir(join(directory, ".writer"))).toEqual(["lock"]);
  });
});

describe("a lock is left alone", () => {
  test.each([
    ["of a living process", async () => owner({})],
    ["of another machine", async () => owner({ host: "elsewhere", boot: "another", pid: endedPid() })],
    ["of another container", async () => owner({ space: "pid:[1]", pid: endedPid() })],
  ])("%s", async (_, make) => {
    const text = JSON.stringify(await make());
    await writeFile(path, text);
    await expect(acquireLock(directory, 0)).rejects.toThrow(locked);
    expect(await readFile(path, "utf8")).toBe(text);
  });
});

test("who is dead", async () => {
  expect(await isDead(await owner({}))).toBe(false);
  expect(await isDead(await owner({ pid: endedPid() }))).toBe(true);
  expect(await isDead(await owner({ pid: 1, start: "" }))).toBe(false);
});
