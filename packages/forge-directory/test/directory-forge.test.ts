import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import * as nodeFs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesSource, readAll, type Source, sha256Hex, type VersionedPlace } from "@countersign/core";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type DirectoryFs, directoryForge } from "../src/index.ts";

const base = mkdtempSync(join(tmpdir(), "forge-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let root = "";
let count = 0;
beforeEach(() => {
  root = join(base, `${count++}`);
});

const forge = directoryForge();
const at = (version: string): VersionedPlace => ({ forge: "directory", base: `directory:${root}`, version });
const file = (name: string, content: string): Source => bytesSource(name, Buffer.from(content));
const code = (...expected: string[]) =>
  expect.objectContaining({ code: expect.stringMatching(`^(${expected.join("|")})$`) });
const index = (version: string) => JSON.parse(readFileSync(join(root, version, "index.json"), "utf8"));
const mode = (...path: string[]) => (statSync(join(root, ...path)).mode & 0o777).toString(8);

describe("locators", () => {
  test.each([
    ["directory:/srv/dl", { base: "directory:/srv/dl" }],
    ["directory:/srv/dl/", { base: "directory:/srv/dl" }],
    ["directory:/srv/dl@1.2.3~rc1+x", { base: "directory:/srv/dl", version: "1.2.3~rc1+x" }],
    ["directory:/srv/me@host/", { base: "directory:/srv/me@host" }],
    ["directory:dl@1", { base: "directory:dl", version: "1" }],
    ["directory:/", { base: "directory:/" }],
  ])("%s", (locator, place) => {
    expect(forge.parse(locator)).toEqual({ forge: "directory", ...place });
  });

  test.each([
    "directory:",
    "directory:@1",
    "directory:/srv@",
    "directory:/srv@..",
    "directory:/srv@-rf",
    "directory:/srv@.countersign-staged",
    "directory:/srv@releases.json",
    "directory:/srv@1 2",
    "directory:/s\u0000v",
  ])("refuses %j", (locator) => {
    expect(() => forge.parse(locator)).toThrow(code("LOCATOR_UNKNOWN"));
  });
});

describe("a release", () => {
  test("is staged where only its owner may look, and published whole for everybody", async () => {
    const asset = await forge.stage(at("1.0"), file("a.tar", "content"));
    expect(asset).toMatchObject({ name: "a.tar", size: 7, sha256: sha256Hex(Buffer.from("content")) });
    await forge.stage(at("1.0"), file("b.txt", "b"));
    expect(readdirSync(root)).toEqual([".countersign-staged"]);
    expect(mode(".countersign-staged")).toBe("700");
    const release = await forge.publish(at("1.0"));
    expect(release.assets.map(({ name, sha256 }) => [name, sha256])).toEqual([
      ["a.tar", sha256Hex(Buffer.from("content"))],
      ["b.txt", sha256Hex(Buffer.from("b"))],
    ]);
    expect([mode("1.0"), mode("1.0", "a.tar"), mode("1.0", "index.json"), mode("releases.json")]).toEqual([
      "755",
      "644",
      "644",
      "644",
    ]);
    expect(index("1.0")).toEqual({
      countersign: "directory/v1",
      version: "1.0",
      files: [
        { name: "a.tar", size: 7, sha256: sha256Hex(Buffer.from("content")) },
        { name: "b.txt", size: 1, sha256: sha256Hex(Buffer.from("b")) },
      ],
    });
    expect(JSON.parse(readFileSync(join(root, "releases.json"), "utf8"))).toEqual({
      countersign: "directory-list/v1",
      releases: [{ version: "1.0", files: 2 }],
    });
    expect(readdirSync(join(root, ".countersign-staged", ".tmp"))).toEqual([]);
  });

  test("takes late files of new names after publication, and never other bytes", async () => {
    await forge.stage(at("1"), file("a", "1"));
    await forge.publish(at("1"));
    await Promise.all(["x", "y", "z"].map((name) => forge.stage(at("1"), file(name, name))));
    expect(index("1").files.map(({ name }: { name: string }) => name)).toEqual(["a", "x", "y", "z"]);
    expect(JSON.parse(readFileSync(join(root, "releases.json"), "utf8")).releases).toEqual([
      { version: "1", files: 4 },
    ]);
    await expect(forge.stage(at("1"), file("x", "evil"), { replace: true })).rejects.toEqual(
      code("ASSET_CONFLICT"),
    );
    expect(readFileSync(join(root, "1", "x"), "utf8")).toBe("x");
    expect(existsSync(join(root, ".countersign-staged", "1"))).toBe(false);
  });

  test("that is published is not published over", async () => {
    await forge.stage(at("1"), file("a", "1"));
    await forge.publish(at("1"));
    mkdirSync(join(root, ".countersign-staged", "1"));
    writeFileSync(join(root, ".countersign-staged", "1", "a"), "2");
    await expect(forge.publish(at("1"))).rejects.toEqual(code("ALREADY_PUBLISHED"));
    writeFileSync(join(root, ".countersign-staged", "1", "a"), "1");
    expect((await forge.publish(at("1"))).assets).toHaveLength(1);
    expect(existsSync(join(root, ".countersign-staged", "1"))).toBe(false);
  });

  test("does not move over a directory that is no release", async () => {
    mkdirSync(join(root, "1"), { recursive: true });
    writeFileSync(join(root, "1", "precious"), "");
    await forge.stage(at("1"), file("a", "1"));
    await expect(forge.publish(at("1"))).rejects.toEqual(code("ALREADY_PUBLISHED"));
    expect(readdirSync(join(root, "1"))).toEqual(["precious"]);
  });

  test("damaged or lost index files are made again by a further run", async () => {
    await forge.stage(at("1"), file("a", "1"));
    await forge.publish(at("1"));
    const [list, own] = [join(root, "releases.json"), join(root, "1", "index.json")];
    const before = [readFileSync(list, "utf8"), readFileSync(own, "utf8")];
    rmSync(list);
    writeFileSync(own, "<html>");
    expect((await forge.fetchRelease(at("1"))).assets).toEqual([
      { name: "a", size: 1, ref: join(root, "1", "a") },
    ]);
    await forge.publish(at("1"));
    expect([readFileSync(list, "utf8"), readFileSync(own, "utf8")]).toEqual(before);
  });

  test("several publishers and stagers at once: one wins, whole", async () => {
    const names = ["a", "b", "c", "d"];
    for (const name of names) await forge.stage(at("1"), file(name, name));
    const others = Array.from({ length: 4 }, () => directoryForge());
    const late = names.map((name, i) => forge.stage(at("1"), file(`late-${i}`, name)));
    const released = await Promise.all([...others.map((one) => one.publish(at("1"))), ...late]);
    expect(released).toHaveLength(8);
    const { state, assets } = await forge.fetchRelease(at("1"));
    expect([state, assets.map(({ name }) => name)]).toEqual([
      "published",
      [...names, "late-0", "late-1", "late-2", "late-3"],
    ]);
    expect(index("1").files).toHaveLength(8);
    expect(readdirSync(join(root, ".countersign-staged"))).toEqual([".tmp"]);
  });
});

/** `node:fs/promises` of a process that dies at its operation number `limit`: that one and all later ones fail. */
function mortalFs(limit: number): { fs: DirectoryFs; died: () => boolean } {
  let operations = 0;
  const step = (): void => {
    if (++operations > limit) throw new Error("killed");
  };
  const mortal = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, key) {
        const member: unknown = Reflect.get(object, key);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          // A dead process closes its files.
          if (key !== "close") step();
          // Counted, not done: a disk's time is not what is tested here.
          if (key === "sync") return undefined;
          const result: unknown = await member.apply(object, args);
          return key === "open" ? mortal(result as object) : result;
        };
      },
    });
  return { fs: mortal({ ...nodeFs } as DirectoryFs), died: () => operations > limit };
}

describe("a process that is killed", () => {
  const work = async (fs: DirectoryFs): Promise<void> => {
    const mine = directoryForge({ fs });
    const published = (await mine.fetchRelease(at("1")).catch(() => undefined))?.state === "published";
    if (!published) await mine.stage(at("1"), file("a", "one"));
    await mine.stage(at("1"), file("b", "two"), { replace: !published });
    await mine.publish(at("1"));
    await mine.stage(at("1"), file("late", "three"));
  };

  test("anywhere leaves nothing half-visible, and the next run finishes", async () => {
    let limit = 0;
    for (let died = true; died; limit++) {
      root = join(base, `killed-${limit}`);
      const mortal = mortalFs(limit);
      await work(mortal.fs).catch(() => undefined);
      died = mortal.died();
      if (existsSync(join(root, "1"))) {
        const names = readdirSync(join(root, "1"));
        expect(names).toEqual(expect.arrayContaining(["a", "b", "index.json"]));
        for (const { name, sha256 } of index("1").files)
          expect(sha256Hex(readFileSync(join(root, "1", name)))).toBe(sha256);
      }
      await work(mortalFs(Number.POSITIVE_INFINITY).fs);
      expect(readdirSync(join(root, "1"))).toEqual(["a", "b", "index.json", "late"]);
      expect(["a", "b", "late"].map((name) => readFileSync(join(root, "1", name), "utf8"))).toEqual([
        "one",
        "two",
        "three",
      ]);
      expect(index("1").files).toHaveLength(3);
      expect(JSON.parse(readFileSync(join(root, "releases.json"), "utf8")).releases).toEqual([
        { version: "1", files: 3 },
      ]);
    }
    expect(limit).toBeGreaterThan(100);
  });

  test("leaves temporary files that the next run on this machine removes", async () => {
    await forge.stage(at("1"), file("a", "1"));
    const temporary = join(root, ".countersign-staged", ".tmp");
    const [mine] = [(await import("node:os")).hostname().replace(/[^A-Za-z0-9.-]/g, "_")];
    writeFileSync(join(temporary, `${mine}!4194999!00`), "dead");
    writeFileSync(join(temporary, `${mine}!${process.pid}!00`), "alive");
    writeFileSync(join(temporary, "elsewhere!4194999!00"), "who knows");
    await forge.stage(at("1"), file("b", "1"));
    expect(readdirSync(temporary).sort()).toEqual(
      ["elsewhere!4194999!00", `${mine}!${process.pid}!00`].sort(),
    );
  });
});

describe("attacks", () => {
  test.each(["..", "../1", "a/../b", "1/2", "", ".hidden", "-rf", "a..b", "releases.json", "1\u0000"])(
    "the version %j reaches no path",
    async (version) => {
      for (const work of [
        () => forge.stage(at(version), file("a", "1")),
        () => forge.publish(at(version)),
        () => forge.preflight(at(version)),
        () => forge.fetchRelease(at(version)),
      ])
        await expect(async () => work()).rejects.toEqual(code("NAME_REFUSED"));
      expect(existsSync(root)).toBe(false);
    },
  );

  test.each(["../a", "a/b", "..", ".a", "-a", "index.json", "releases.json", "a\n", ""])(
    "the file name %j reaches no path",
    async (name) => {
      await expect(forge.stage(at("1"), file(name, "1"))).rejects.toEqual(code("NAME_REFUSED"));
      expect(existsSync(root)).toBe(false);
    },
  );

  test("links in place of the staging directories are not followed", async () => {
    const elsewhere = join(root, "elsewhere");
    mkdirSync(elsewhere, { recursive: true });
    symlinkSync(elsewhere, join(root, ".countersign-staged"));
    await expect(forge.stage(at("1"), file("a", "1"))).rejects.toEqual(code("FILE_UNREADABLE"));
    await expect(forge.publish(at("1"))).rejects.toEqual(code("FILE_UNREADABLE"));
    rmSync(join(root, ".countersign-staged"));
    await forge.stage(at("2"), file("a", "1"));
    symlinkSync(elsewhere, join(root, ".countersign-staged", "1"));
    writeFileSync(join(elsewhere, "planted"), "x");
    await expect(forge.stage(at("1"), file("a", "1"))).rejects.toEqual(code("FILE_UNREADABLE"));
    await expect(forge.publish(at("1"))).rejects.toEqual(code("RELEASE_MISSING"));
    await expect(forge.fetchRelease(at("1"))).rejects.toEqual(code("RELEASE_MISSING"));
    expect(readdirSync(elsewhere)).toEqual(["planted"]);
  });

  test("links among the files are no assets, are not written through, and are not published", async () => {
    const secret = join(base, `secret-${count}`);
    writeFileSync(secret, "secret");
    await forge.stage(at("1"), file("a", "1"));
    symlinkSync(secret, join(root, ".countersign-staged", "1", "b"));
    expect((await forge.fetchRelease(at("1"))).assets.map(({ name }) => name)).toEqual(["a"]);
    await expect(forge.stage(at("1"), file("b", "secret"))).rejects.toEqual(code("FILE_UNREADABLE"));
    await expect(forge.stage(at("1"), file("b", "x"), { replace: true })).rejects.toEqual(
      code("FILE_UNREADABLE"),
    );
    await expect(forge.publish(at("1"))).rejects.toEqual(code("FILE_UNREADABLE"));
    expect(readFileSync(secret, "utf8")).toBe("secret");
    rmSync(join(root, ".countersign-staged", "1", "b"));
    await forge.publish(at("1"));
    symlinkSync(secret, join(root, "1", "b"));
    symlinkSync(join(root, "1"), join(root, "2"));
    expect((await forge.fetchRelease(at("1"))).assets.map(({ name }) => name)).toEqual(["a"]);
    await expect(forge.fetchRelease(at("2"))).rejects.toEqual(code("RELEASE_MISSING"));
    const stream = await forge.open({ name: "b", ref: join(root, "1", "b") });
    await expect(readAll(stream, 100, "b")).rejects.toEqual(code("FILE_UNREADABLE"));
  });

  test("a file swapped between its digest and the rename is indexed as what it is", async () => {
    await forge.stage(at("1"), file("a", "good"));
    const swapping: DirectoryFs = {
      ...nodeFs,
      async rename(from, to) {
        if (String(from).endsWith("/1")) writeFileSync(join(String(from), "a"), "evil");
        await nodeFs.rename(from, to);
      },
    };
    await directoryForge({ fs: swapping }).publish(at("1"));
    expect(index("1").files[0].sha256).toBe(sha256Hex(Buffer.from("evil")));
  });

  test("an index that lies changes neither names nor sizes", async () => {
    await forge.stage(at("1"), file("a", "1"));
    await forge.publish(at("1"));
    const lies = [
      { name: "../../etc/passwd", size: 1, sha256: "0".repeat(64) },
      { name: "a", size: 99, sha256: "0".repeat(64) },
    ];
    for (const files of [lies, lies.slice(1)]) {
      writeFileSync(
        join(root, "1", "index.json"),
        JSON.stringify({ countersign: "directory/v1", version: "1", files }),
      );
      expect((await forge.fetchRelease(at("1"))).assets).toEqual([
        { name: "a", size: 1, ref: join(root, "1", "a") },
      ]);
    }
  });
});

test.skipIf(process.getuid?.() === 0)(
  "a place that may not be written to is ACCESS_REFUSED (not as root)",
  async () => {
    mkdirSync(root, { mode: 0o555 });
    await expect(forge.preflight(at("1"))).rejects.toEqual(code("ACCESS_REFUSED"));
    await expect(forge.stage(at("1"), file("a", "1"))).rejects.toEqual(code("ACCESS_REFUSED"));
    chmodSync(root, 0o755);
  },
);

test("a staging directory that was copied open to all is closed again", async () => {
  await forge.stage(at("1"), file("a", "1"));
  cpSync(root, `${root}-copy`, { recursive: true });
  root = `${root}-copy`;
  chmodSync(join(root, ".countersign-staged"), 0o755);
  await forge.stage(at("1"), file("b", "1"));
  expect(mode(".countersign-staged")).toBe("700");
});
