/** stage, publish, get, status over a real directory and log: run twice, killed anywhere, contradicted. */

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  applyGet,
  applyPublish,
  applyStage,
  bytesSource,
  type CountersignError,
  concatBytes,
  formatBundle,
  inspectStatus,
  isWritable,
  type LogWriter,
  type Policy,
  parseBundle,
  parseRecord,
  planGet,
  planPublish,
  planStage,
  sha256Hex,
  utf8,
  type VersionedPlace,
  type WritableForge,
} from "@countersign/core";
import { directoryForge } from "@countersign/forge-directory";
import { adapters, directorySink } from "@countersign/node";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Files,
  makeFiles,
  makePolicy,
  makeRelease,
  makeWorld,
  now,
  readFiles,
  sourcesOf,
  temporaryDirectory,
  type World,
} from "./support/release.ts";

const wish = { project: "https://example.org/foo", name: "foo", version: "1.0" };
let world: World;
let files: Files;
let policy: Policy;

beforeAll(async () => {
  world = await makeWorld();
  files = await makeFiles(world, wish);
  policy = await makePolicy(world, wish.project);
});

async function newPlace(): Promise<{ forge: WritableForge; place: VersionedPlace; root: string }> {
  const root = await temporaryDirectory();
  const forge = directoryForge();
  const place = forge.parse(`directory:${root}@1.0`);
  if (!place?.version || !isWritable(forge)) throw new TypeError("a place");
  return { forge, place: { ...place, version: place.version }, root };
}

async function stage(
  forge: WritableForge,
  place: VersionedPlace,
  all: Files,
  replaceStaged: string[] = [],
): Promise<string[]> {
  const options = { forge, place, files: sourcesOf(all).map((file) => ({ file })), replaceStaged };
  const plan = await planStage(options);
  await applyStage(plan, options);
  return plan.steps.map(({ action }) => action);
}

async function publish(
  forge: WritableForge,
  place: VersionedPlace,
  logs: readonly LogWriter[] = [world.log],
): Promise<boolean> {
  const options = { forge, place, policy, adapters, logs, now };
  return (await applyPublish(await planPublish(options), options)).changed;
}

const codeOf = async (run: Promise<unknown>): Promise<string | undefined> =>
  run.then(
    () => undefined,
    (error: CountersignError) => error.code ?? String(error),
  );

const without = (...names: string[]): Files =>
  new Map([...files].filter(([name]) => !names.some((one) => name.includes(one))));

describe("stage", () => {
  test("uploads once, and says so the second time", async () => {
    const { forge, place } = await newPlace();
    expect(new Set(await stage(forge, place, files))).toEqual(new Set(["upload"]));
    expect(new Set(await stage(forge, place, files))).toEqual(new Set(["same"]));
  });

  test("refuses other bytes, unless they are named", async () => {
    const { forge, place } = await newPlace();
    await stage(forge, place, files);
    const changed = new Map(files).set("foo-1.0.bin", utf8("other"));
    expect(await codeOf(stage(forge, place, changed))).toBe("ASSET_CONFLICT");
    expect(await stage(forge, place, changed, ["foo-1.0.bin"])).toContain("replace");
  });

  test("never replaces what is published", async () => {
    const { forge, place } = await newPlace();
    await stage(forge, place, files);
    await publish(forge, place);
    const changed = new Map(files).set("foo-1.0.bin", utf8("other"));
    expect(await codeOf(stage(forge, place, changed, ["foo-1.0.bin"]))).toBe("ALREADY_PUBLISHED");
  });
});

describe("publish", () => {
  test.each([
    ["a missing signature", () => without(".bob.asc"), "QUORUM_MISSING"],
    ["a missing artifact", () => without(".txt"), "ARTIFACT_MISSING"],
    ["a missing manifest", () => without("SHA256SUMS"), "RELEASE_INCOMPLETE"],
    [
      "a changed artifact",
      () => new Map(files).set("foo-1.0.txt", utf8("notes of 1.1\n")),
      "ARTIFACT_MISMATCH",
    ],
    ["a longer artifact", () => new Map(files).set("foo-1.0.txt", utf8("notes of 1.0\n\n")), "ARTIFACT_SIZE"],
  ])("%s: nothing is recorded, nothing visible", async (_, staged, code) => {
    const { forge, place, root } = await newPlace();
    await stage(forge, place, staged());
    const refusing: LogWriter = {
      ...world.log,
      append: () => Promise.reject(new Error("must not be asked")),
    };
    expect(await codeOf(publish(forge, place, [refusing]))).toBe(code);
    expect((await readdir(root)).filter((name) => !name.startsWith("."))).toEqual([]);
  });

  test("needs the policy's log, not just any", async () => {
    const { forge, place } = await newPlace();
    await stage(forge, place, files);
    expect(await codeOf(publish(forge, place, []))).toBe("LOG_MISSING");
    expect(await codeOf(publish(forge, place, [{ ...world.log, verifierKey: "x+00000000+AA==" }]))).toBe(
      "LOG_MISSING",
    );
  });

  test("a second time changes nothing", async () => {
    const { forge, place, root } = await newPlace();
    await stage(forge, place, files);
    expect(await publish(forge, place)).toBe(true);
    const before = await readFiles(join(root, "1.0"));
    expect(await publish(forge, place)).toBe(false);
    expect(await readFiles(join(root, "1.0"))).toEqual(before);
  });

  test("killed at any call to forge or log, it is finished by running it again: one record, the same files", async () => {
    const { root: expectedRoot } = await makeRelease(world, { ...wish, name: "foo" });
    const names = (await readdir(join(expectedRoot, "1.0"))).sort();
    for (let dies = 1; dies < 60; dies++) {
      const { forge, place, root } = await newPlace();
      await stage(forge, place, files);
      const appended: string[] = [];
      let calls = 0;
      // Dies before or after the call, by turns.
      const dying =
        <A extends unknown[], R>(run: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          calls++;
          if (calls === dies && dies % 2 === 0) throw new Error("killed");
          const result = await run(...args);
          if (calls === dies) throw new Error("killed");
          return result;
        };
      const log: LogWriter = {
        ...world.log,
        append: dying(async (record) => {
          appended.push(new TextDecoder().decode(record));
          return world.log.append(record);
        }),
      };
      const mortal: WritableForge = {
        ...forge,
        fetchRelease: dying(forge.fetchRelease),
        open: dying(forge.open),
        stage: dying(forge.stage),
        publish: dying(forge.publish),
      };
      const died = await codeOf(publish(mortal, place, [log]));
      if (died === undefined) return expect(dies).toBeGreaterThan(5);
      await publish(forge, place, [log]);
      expect((await readdir(join(root, "1.0"))).sort()).toEqual(names);
      expect(new Set(appended).size).toBe(1);
    }
    throw new Error("it never got through");
  });
});

describe("get", () => {
  const getting = async (root: string, into: string, change: Partial<WritableForge> = {}) => {
    const forge = { ...directoryForge(), ...change };
    const place = forge.parse(`directory:${root}@1.0`);
    if (!place) throw new TypeError("a place");
    const options = { forge, place, policy, adapters, now, sink: directorySink(into) };
    return applyGet(await planGet(options), options);
  };
  let root: string;
  beforeAll(async () => {
    ({ root } = await makeRelease(world, wish));
  });

  test("leaves the artifacts, the bundle, and the plain files", async () => {
    const into = await temporaryDirectory();
    const release = await getting(root, into);
    expect(release.version).toBe("1.0");
    expect((await readdir(into)).sort()).toEqual(
      (await readdir(join(root, "1.0"))).filter((name) => name !== "index.json").sort(),
    );
  });

  test("goes on where an interrupted run stopped, and refuses a partial that was changed", async () => {
    const into = await temporaryDirectory();
    await writeFile(join(into, "foo-1.0.bin.partial"), (files.get("foo-1.0.bin") ?? utf8("")).subarray(0, 5));
    const starts: number[] = [];
    const { open } = directoryForge();
    await getting(root, into, {
      open: (asset, options = {}) => {
        if (asset.name === "foo-1.0.bin") starts.push(options.start ?? 0);
        return open(asset, options);
      },
    });
    expect(starts).toEqual([5]);

    const other = await temporaryDirectory();
    await writeFile(join(other, "foo-1.0.bin.partial"), "EVIL!");
    expect(await codeOf(getting(root, other))).toBe("ARTIFACT_MISMATCH");
    expect(await readdir(other)).toEqual([]);
    await getting(root, other);
  });

  test.each<[string, Uint8Array, string]>([
    ["other bytes", utf8("foo 1.0 BYTES\n"), "ARTIFACT_MISMATCH"],
    ["fewer bytes", utf8("foo"), "ARTIFACT_SIZE"],
    ["more bytes", utf8("foo 1.0 bytes\n and more"), "ARTIFACT_SIZE"],
  ])("a place that serves %s: nothing has the final name", async (_, bytes, code) => {
    const into = await temporaryDirectory();
    const { open } = directoryForge();
    const lying: Partial<WritableForge> = {
      open: async (asset, options) =>
        asset.name === "foo-1.0.bin" ? bytesSource("x", bytes).open(options) : open(asset, options),
    };
    expect(await codeOf(getting(root, into, lying))).toBe(code);
    expect((await readdir(into)).filter((name) => !name.endsWith(".partial"))).toEqual([]);
  });

  test("never overwrites a file", async () => {
    const into = await temporaryDirectory();
    await writeFile(join(into, "foo-1.0.bin"), "mine");
    expect(await codeOf(getting(root, into))).toBe("FILE_EXISTS");
    expect(await readFile(join(into, "foo-1.0.bin"), "utf8")).toBe("mine");
  });

  test("asks for no artifact before the evidence holds", async () => {
    const into = await temporaryDirectory();
    const { open } = directoryForge();
    const asked: string[] = [];
    const lying: Partial<WritableForge> = {
      open: async (asset, options) => {
        asked.push(asset.name);
        return asset.name.endsWith("countersign.json") || asset.name.includes("SHA256SUMS.")
          ? bytesSource("x", utf8("{}")).open()
          : open(asset, options);
      },
    };
    expect(await codeOf(getting(root, into, lying))).toBeDefined();
    expect(asked).not.toContain("foo-1.0.bin");
  });
});

describe("status", () => {
  test("names who is missing, then the next step", async () => {
    const { forge, place, root } = await newPlace();
    const options = { forge, place, policy, adapters, now };
    await stage(forge, place, without(".bob.asc"));
    expect(await inspectStatus(options)).toMatchObject({
      next: "sign",
      report: { missing: "release: bob", signers: { release: ["alice"], tag: ["alice"] } },
    });
    await stage(forge, place, files);
    expect(await inspectStatus(options)).toMatchObject({ next: "publish" });
    await publish(forge, place);
    expect(await inspectStatus(options)).toMatchObject({ next: "done", report: { verified: true } });
    await mkdir(join(root, "x"), { recursive: true });
    await writeFile(join(root, "1.0", "foo-1.0.bin"), "foo 1.0 bytez\n");
    expect(await inspectStatus(options)).toMatchObject({
      next: "repair",
      report: { code: "ARTIFACT_MISMATCH" },
    });
  });
});

describe("junk beside counted evidence", () => {
  const junk = utf8("#!/bin/sh\necho owned\n");

  test("the gate records and bundles the signatures that count, not what has their names", async () => {
    const { forge, place, root } = await newPlace();
    await stage(forge, place, files);
    // A second file cannot have the name at a forge; in a bundle it can.
    const good = files.get("foo-1.0.SHA256SUMS.alice.asc") ?? utf8("");
    const names = { manifest: "foo-1.0.SHA256SUMS", statement: "foo-1.0.release.json" };
    const bundle = formatBundle({
      manifest: { name: names.manifest, bytes: files.get(names.manifest) ?? utf8("") },
      statement: { name: names.statement, bytes: files.get(names.statement) ?? utf8("") },
      signatures: [
        { name: "foo-1.0.SHA256SUMS.alice.asc", bytes: junk },
        { name: "install.sh", bytes: concatBytes(junk, good) },
        ...Array.from({ length: 20 }, (_, i) => ({ name: `copy${i}.asc`, bytes: good })),
      ],
      records: [],
    });
    await forge.stage(place, bytesSource("foo-1.0.countersign.2.json", bundle));
    await forge.stage(place, bytesSource("aaa-1.0.SHA256SUMS", junk));
    await forge.stage(place, bytesSource("aaa-1.0.release.json", utf8("{}")));
    await publish(forge, place);
    const published = await readFiles(join(root, "1.0"));
    const made = parseBundle(published.get("foo-1.0.countersign.json") ?? junk);
    expect(made.signatures).toEqual(
      ["alice", "bob"].map((who) => ({
        name: `foo-1.0.SHA256SUMS.${who}.asc`,
        bytes: files.get(`foo-1.0.SHA256SUMS.${who}.asc`),
      })),
    );
    const [recorded] = made.records;
    expect(parseRecord(recorded?.record ?? junk).signatures).toEqual(
      made.signatures.map(({ name, bytes }) => ({ name, sha256: sha256Hex(bytes) })),
    );
  });

  test("get writes nothing that does not count, names what it writes itself, and takes later evidence beside", async () => {
    const { root } = await makeRelease(world, wish);
    const forge = directoryForge();
    const place = { forge: "directory", base: `directory:${root}`, version: "1.0" };
    const original = await readFiles(join(root, "1.0"));
    const bundle = parseBundle(original.get("foo-1.0.countersign.json") ?? junk);
    const [first] = bundle.signatures;
    const late = {
      ...bundle,
      signatures: [
        { name: "foo-1.0.SHA256SUMS.alice.asc", bytes: junk },
        { name: "install.sh", bytes: concatBytes(junk, first?.bytes ?? junk) },
        { name: "run.me", bytes: first?.bytes ?? junk },
        ...bundle.signatures,
      ],
    };
    const into = await temporaryDirectory();
    const options = { forge, place, policy, adapters, now, sink: directorySink(into) };
    await applyGet(await planGet(options), options);
    await forge.stage(place, bytesSource("foo-1.0.countersign.2.json", formatBundle(late)));
    await applyGet(await planGet(options), options);
    const got = await readFiles(into);
    for (const [name, bytes] of got) expect(original.get(name), name).toEqual(bytes);
    expect([...got.keys()]).not.toContain("install.sh");
    const fresh = await temporaryDirectory();
    const again = { ...options, sink: directorySink(fresh) };
    await applyGet(await planGet(again), again);
    expect([...(await readFiles(fresh)).keys()].sort()).toEqual([...got.keys()].sort());
    expect((await readFiles(fresh)).get("foo-1.0.SHA256SUMS.alice.asc")).toEqual(
      files.get("foo-1.0.SHA256SUMS.alice.asc") && original.get("foo-1.0.SHA256SUMS.alice.asc"),
    );
  });
});
