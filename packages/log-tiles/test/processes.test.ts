import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeUtf8, parseProof, parseVerifierKey, utf8 } from "@countersign/core";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkLog, directoryLogReader, directoryLogWriter, initLog } from "../src/index.ts";

const here = (path: string) => fileURLToPath(new URL(`processes/${path}`, import.meta.url));
let room: string;
let program: string;

beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), "log-processes-"));
  program = join(room, "append.mjs");
  await build({
    entryPoints: [here("append.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@countersign/source", "node"],
    plugins: [
      {
        name: "crashing-fs",
        setup: ({ onResolve }) => {
          onResolve({ filter: /^node:fs\/promises$/ }, ({ importer }) =>
            importer.endsWith("crashing-fs.ts") ? undefined : { path: here("crashing-fs.ts") },
          );
        },
      },
    ],
    logLevel: "error",
  });
});
afterAll(() => rm(room, { recursive: true }));

interface Ended {
  readonly acknowledged: readonly string[];
  readonly status: number | string | null;
  readonly errors: string;
}

function run(args: readonly string[], killAt?: number): Promise<Ended> {
  const env = { ...process.env, ...(killAt === undefined ? {} : { KILL_AT: String(killAt) }) };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, errors] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  return new Promise((resolve) => {
    child.on("close", (status, signal) => {
      resolve({ acknowledged: out.split("\n").slice(0, -1), status: signal ?? status, errors });
    });
  });
}

async function newLog(name: string) {
  const directory = join(room, name);
  const { key, verifierKey } = await initLog({ directory, origin: "log.example/test" });
  return { directory, key, keys: [parseVerifierKey(verifierKey)] };
}

async function entriesOf(directory: string): Promise<string[]> {
  const reader = directoryLogReader(directory);
  const entries: string[] = [];
  const { size } = await checkLog(reader, log.keys);
  for await (const entry of reader.entries(0, size)) entries.push(decodeUtf8(entry, "entry"));
  return entries;
}
let log: Awaited<ReturnType<typeof newLog>>;

test("killed before any step: what was acknowledged is there, nothing twice, nothing left over", {
  timeout: 120_000,
}, async () => {
  log = await newLog("killed");
  const writer = await directoryLogWriter(log);
  // The second append of the child fills a tile: the crossing from partial to full is among the steps.
  const before = Array.from({ length: 254 }, (_, i) => `before ${i}`);
  await writer.appendAll(before.map(utf8));
  const appended = ["a", "b", "c"];
  let killedAt = 0;
  const tries = Array.from({ length: 200 }, (_, i) => i + 1);
  const one = async (killAt: number): Promise<void> => {
    const directory = join(room, `killed-${killAt}`);
    await cp(log.directory, directory, { recursive: true });
    const { acknowledged, status, errors } = await run([directory, log.key, ...appended], killAt);
    expect(errors).toBe("");
    if (status === "SIGKILL") killedAt = Math.max(killedAt, killAt);
    else expect(acknowledged).toEqual(appended);

    const entries = await entriesOf(directory);
    expect(entries).toEqual([...before, ...appended.slice(0, entries.length - before.length)]);
    expect(entries.length - before.length).toBeGreaterThanOrEqual(acknowledged.length);

    const again = await directoryLogWriter({ directory, key: log.key, waitMs: 0 });
    expect(await readdir(join(directory, ".writer"))).toEqual([]);
    // What lies beyond the checkpoint is removed on opening, so that no later tree can meet it.
    const committed = (await readdir(join(directory, "tile/entries"), { recursive: true })).sort();
    const size = entries.length;
    for (const name of committed.filter((n) => n.startsWith("000.p/")))
      expect(Number(name.slice(6))).toBeLessThanOrEqual(size);
    expect(committed.includes("000")).toBe(size >= 256);
    expect(committed.includes("001.p/1")).toBe(size >= 257);
    const proofs = await again.appendAll(appended.map(utf8));
    expect(proofs.map((proof) => parseProof(proof).index)).toEqual([254, 255, 256]);
    expect(await entriesOf(directory)).toEqual([...before, ...appended]);
    await rm(directory, { recursive: true });
    if (status !== "SIGKILL") tries.length = 0;
  };
  // Two lanes, each taking the next step, until a run comes to its end alive.
  const lane = async (): Promise<void> => {
    for (let next = tries.shift(); next !== undefined; next = tries.shift()) await one(next);
  };
  await Promise.all([lane(), lane()]);
  expect(killedAt).toBeGreaterThan(60);
});

test("killed while it takes over from one that was killed, at any step", { timeout: 120_000 }, async () => {
  log = await newLog("twice");
  const first = await run([log.directory, log.key, "a", "b"], 40);
  expect(first.status).toBe("SIGKILL");
  // The steps of taking over come first; those after it are the test above.
  for (let killAt = 1; killAt <= 24; killAt++) {
    const directory = join(room, `twice-${killAt}`);
    await cp(log.directory, directory, { recursive: true });
    const second = await run([directory, log.key, "c"], killAt);
    expect(second.status).toBe("SIGKILL");
    const third = await run([directory, log.key, "d"]);
    expect(third).toMatchObject({ status: 0, errors: "", acknowledged: ["d"] });
    const entries = await entriesOf(directory);
    for (const record of [...first.acknowledged, ...second.acknowledged, "d"])
      expect(entries).toContain(record);
    expect(new Set(entries).size).toBe(entries.length);
    // One that died after it had freed the lock leaves its guard, for the next who needs it to break.
    const left = (await readdir(join(directory, ".writer"))).filter((name) => name !== "lock.break");
    expect(left).toEqual([]);
    for (const name of await readdir(join(directory, "tile/entries/000.p")))
      expect(Number(name)).toBeLessThanOrEqual(entries.length);
  }
});

test("writers at once, who all find the lock of a dead one, do not fork the log", {
  timeout: 60_000,
}, async () => {
  log = await newLog("together");
  for (let round = 0; round < 4; round++) {
    const died = await run([log.directory, log.key, `died ${round}`], 30);
    expect(died.status).toBe("SIGKILL");
    if (round % 2 === 0) {
      // And the lock's own lock is stale too.
      const lock = await readFile(join(log.directory, ".writer/lock"));
      await writeFile(join(log.directory, ".writer/lock.break"), lock);
    }
    const own = (writer: number) =>
      Array.from({ length: 6 }, (_, i) => `round ${round} writer ${writer} record ${i}`);
    const ended = await Promise.all(
      [0, 1, 2, 3].map((writer) => run([log.directory, log.key, ...own(writer), `shared ${round}`])),
    );
    ended.forEach((e, writer) => {
      expect(e).toEqual({ acknowledged: [...own(writer), `shared ${round}`], status: 0, errors: "" });
    });
  }
  const entries = await entriesOf(log.directory);
  expect(entries.filter((entry) => !entry.startsWith("died"))).toHaveLength(4 * 25);
  expect(new Set(entries).size).toBe(entries.length);
  expect(await readdir(join(log.directory, ".writer"))).toEqual([]);
});
