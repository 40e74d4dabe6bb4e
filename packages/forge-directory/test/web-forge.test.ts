import { bytesSource, httpClient, readAll, sha256Hex, type Transport } from "@countersign/core";
import { describe, expect, test } from "vitest";
import { webForge } from "../src/index.ts";

const host = "https://dl.example/pub/";
const code = (expected: string) => expect.objectContaining({ code: expected });
const hash = (text: string) => sha256Hex(Buffer.from(text));

/** A web server: path below the host → body; everything else is 404. */
function server(files: Record<string, string>, catchAll?: { status: number; body: string }) {
  const asked: string[] = [];
  const transport: Transport = async ({ url }) => {
    const path = url.startsWith(host) ? url.slice(host.length) : url;
    asked.push(path);
    const body = files[path];
    const status = body === undefined ? (catchAll?.status ?? 404) : 200;
    const source = bytesSource("", Buffer.from(body ?? catchAll?.body ?? "no"));
    return { status, headers: { "content-length": String(source.size) }, body: source.open() };
  };
  return { forge: webForge({ client: httpClient({ transport }) }), asked };
}
const index = (version: string, files: Record<string, string>) =>
  JSON.stringify({
    countersign: "directory/v1",
    version,
    files: Object.entries(files).map(([name, body]) => ({ name, size: body.length, sha256: hash(body) })),
  });
const list = (...versions: string[]) =>
  JSON.stringify({
    countersign: "directory-list/v1",
    releases: versions.map((version) => ({ version, files: 1 })),
  });
const place = (forge: ReturnType<typeof server>["forge"], path: string) => {
  const found = forge.parse(host + path);
  if (!found) throw new Error("not parsed");
  return found;
};

describe("locators", () => {
  const { forge } = server({});
  test.each([
    ["https://dl.example/pub/", { base: "https://dl.example/pub/" }],
    ["https://dl.example", { base: "https://dl.example/" }],
    ["HTTP://dl.example:8080/pub/@1.0", { base: "http://dl.example:8080/pub/", version: "1.0" }],
    ["https://dl.example/pub/a%2Bb.tar", { base: "https://dl.example/pub/", file: "a+b.tar" }],
    ["https://dl.example/x/../pub/a", { base: "https://dl.example/pub/", file: "a" }],
  ])("%s", (locator, expected) => expect(forge.parse(locator)).toEqual({ forge: "web", ...expected }));

  test.each(["directory:/srv", "gitlab:a/b", "ftp://x/", "/srv/a.tar"])("%s is not ours", (locator) =>
    expect(forge.parse(locator)).toBeUndefined(),
  );

  test.each([
    "https://user:secret@dl.example/",
    "https://",
    "https://dl.example/a?token=1",
    "https://dl.example/a#b",
    "https://dl.example/%2e%2e%2fpasswd",
    "https://dl.example/a%00",
    "https://dl.example/%ff",
    "https://dl.example/@..",
  ])("refuses %s", (locator) => {
    expect(() => forge.parse(locator)).toThrow(code("LOCATOR_UNKNOWN"));
    expect(() => forge.parse(locator)).not.toThrow(/secret/);
  });
});

describe("a served directory", () => {
  const files = {
    "releases.json": list("1.0"),
    "1.0/index.json": index("1.0", { "a.tar": "aaa", "b.txt": "b" }),
    "1.0/a.tar": "aaa",
    "1.0/b.txt": "b",
  };

  test.each(["", "@1.0", "1.0/"])("is found from ROOT/%s", async (path) => {
    const { forge } = server(files);
    const release = await forge.fetchRelease(place(forge, path));
    expect([release.state, release.place.version, release.assets.map(({ name }) => name)]).toEqual([
      "published",
      "1.0",
      ["a.tar", "b.txt"],
    ]);
    const [a] = release.assets;
    expect(a).toEqual({ name: "a.tar", size: 3, sha256: hash("aaa"), ref: `${host}1.0/a.tar` });
    if (a) expect(Buffer.from(await readAll(await forge.open(a, { start: 1 }), 9, "")).toString()).toBe("aa");
  });

  test("from a file of it", async () => {
    const { forge } = server(files);
    const release = await forge.fetchRelease(place(forge, "1.0/a.tar"));
    expect([release.place.file, release.assets.length]).toEqual(["a.tar", 2]);
    await expect(forge.fetchRelease(place(forge, "1.0/other.tar"))).rejects.toEqual(code("RELEASE_MISSING"));
  });

  test("several, none, and another one's", async () => {
    const two = server({ ...files, "releases.json": list("1.0", "2.0") }).forge;
    await expect(two.fetchRelease(place(two, ""))).rejects.toEqual(code("RELEASE_AMBIGUOUS"));
    const none = server({ "releases.json": list() }).forge;
    await expect(none.fetchRelease(place(none, ""))).rejects.toEqual(code("RELEASE_MISSING"));
    await expect(none.fetchRelease(place(none, "@1.0"))).rejects.toEqual(code("RELEASE_MISSING"));
    const other = server({ "2.0/index.json": files["1.0/index.json"] }).forge;
    await expect(other.fetchRelease(place(other, "@2.0"))).rejects.toEqual(code("VERSION_MISMATCH"));
  });

  test("lists its releases", async () => {
    const { forge } = server({
      ...files,
      "releases.json": list("1.0", "2"),
      "2/index.json": index("2", { z: "z" }),
    });
    const found: string[] = [];
    for await (const { place: at, assets } of forge.list(place(forge, "")))
      found.push(`${at.version} ${assets.length}`);
    expect(found).toEqual(["1.0 2", "2 1"]);
  });

  const entry = (name: unknown, size: unknown = 1, sha256: unknown = hash("")) => ({ name, size, sha256 });
  test.each<[string, string, unknown]>([
    ["a name that leaves the directory", "NAME_REFUSED", { files: [entry("../a")] }],
    ["a name with a slash", "NAME_REFUSED", { files: [entry("a/b")] }],
    ["a name with an escape", "NAME_REFUSED", { files: [entry("a\u001b[2J")] }],
    ["its own name", "NAME_REFUSED", { files: [entry("index.json")] }],
    ["a name twice", "JSON_MALFORMED", { files: [entry("a"), entry("a")] }],
    ["a negative size", "JSON_MALFORMED", { files: [entry("a", -1)] }],
    ["no digest", "JSON_MALFORMED", { files: [entry("a", 1, "sha256:0")] }],
    ["no list", "JSON_MALFORMED", { files: {} }],
    ["too many files", "JSON_MALFORMED", { files: Array.from({ length: 5001 }, (_, i) => `f${i}`) }],
    ["a version that leaves the root", "NAME_REFUSED", { version: "..", files: [] }],
    ["another format", "JSON_MALFORMED", { countersign: "directory/v2", files: [] }],
  ])("an index with %s is refused", async (_, expected, fields) => {
    const body = JSON.stringify({ countersign: "directory/v1", version: "1.0", ...(fields as object) });
    const { forge } = server({ "1.0/index.json": body });
    await expect(forge.fetchRelease(place(forge, "@1.0"))).rejects.toEqual(code(expected));
  });

  test("an index that is huge is not read", async () => {
    const { forge } = server({ "1.0/index.json": `{${" ".repeat(1024 * 1024)}}` });
    await expect(forge.fetchRelease(place(forge, "@1.0"))).rejects.toEqual(code("HTTP_REFUSED"));
  });

  test("a list with a version that leaves the root is refused", async () => {
    const { forge, asked } = server({ "releases.json": list("../../etc") });
    await expect(forge.fetchRelease(place(forge, ""))).rejects.toEqual(code("NAME_REFUSED"));
    expect(asked).toEqual(["index.json", "releases.json"]);
  });

  test("a size that lies shows when the file is read", async () => {
    for (const [size, expected] of [
      ["aaaa", "NETWORK_FAILED"],
      ["a", "NETWORK_FAILED"],
    ] as const) {
      const { forge } = server({ ...files, "1.0/index.json": index("1.0", { "a.tar": size }) });
      const [a] = (await forge.fetchRelease(place(forge, "@1.0"))).assets;
      if (!a) throw new Error("no asset");
      await expect(forge.open(a)).rejects.toEqual(code(expected));
    }
  });
});

describe("a plain host", () => {
  test("the bundle beside a file is found by cutting its name at dots", async () => {
    const { forge, asked } = server({ "qemu-9.1.0.tar.xz": "tar", "qemu-9.1.0.countersign.json": "{}" });
    const release = await forge.fetchRelease(place(forge, "qemu-9.1.0.tar.xz"));
    expect(release).toEqual({
      place: { forge: "web", base: host, file: "qemu-9.1.0.tar.xz", version: "9.1.0" },
      state: "published",
      assets: [
        { name: "qemu-9.1.0.countersign.json", ref: `${host}qemu-9.1.0.countersign.json` },
        { name: "qemu-9.1.0.tar.xz", ref: `${host}qemu-9.1.0.tar.xz` },
      ],
    });
    expect(asked).toEqual(["index.json", "qemu-9.1.0.tar.countersign.json", "qemu-9.1.0.countersign.json"]);
  });

  test("the bundle itself is a release of one file; its version is a guess", async () => {
    const { forge } = server({});
    const bundle = (await forge.fetchRelease(place(forge, "tool-v2.countersign.json"))).place;
    expect([bundle.version, bundle.file]).toEqual(["v2", "tool-v2.countersign.json"]);
    expect((await forge.fetchRelease(place(forge, "a-@.countersign.json"))).place.version).toBe("unknown");
  });

  test("at most six names are tried, and a host that answers everything with HTML has none", async () => {
    const name = "a.b.c.d.e.f.g.h.i.tar";
    const { forge, asked } = server({}, { status: 200, body: "<!doctype html><title>Welcome</title>" });
    await expect(forge.fetchRelease(place(forge, name))).rejects.toEqual(code("RELEASE_MISSING"));
    expect(asked).toHaveLength(7);
    await expect(forge.fetchRelease(place(forge, ""))).rejects.toEqual(code("RELEASE_MISSING"));
  });

  test("a store that answers 403 for what it does not have is looked through; with nothing found, access is the reason", async () => {
    const denied = { status: 403, body: "AccessDenied" };
    const { forge } = server({ "q-1.countersign.json": "{}" }, denied);
    expect((await forge.fetchRelease(place(forge, "q-1.tar.xz"))).place.version).toBe("1");
    const empty = server({}, denied).forge;
    await expect(empty.fetchRelease(place(empty, "q-1.tar.xz"))).rejects.toEqual(code("ACCESS_REFUSED"));
  });
});
