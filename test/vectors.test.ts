/** The vectors that the documentation publishes are read, verified, and written again to the same bytes. */

import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import {
  formatBundle,
  formatManifest,
  formatRecord,
  formatStatement,
  inspectRelease,
  parseBundle,
  parseManifest,
  parsePolicy,
  parseRecord,
  parseStatement,
  treeOfTar,
  verifyRecordProof,
} from "@countersign/core";
import { adapters, fileSource, sealPolicyFile } from "@countersign/node";
import { expect, test } from "vitest";

const directory = resolve(import.meta.dirname, "../apps/docs/public/vectors/foo-1.0.0");
const read = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(join(directory, name)));
const now = new Date("2026-12-01T00:00:00Z");

test("the release verifies under its policy", async () => {
  const report = await inspectRelease({
    policy: await parsePolicy(await read("foo.policy"), adapters),
    adapters,
    now,
    expect: { project: "https://example.org/foo", version: "1.0.0" },
    bundles: [parseBundle(await read("foo-1.0.0.countersign.json"))],
    files: [await fileSource(join(directory, "foo-1.0.0.tar.gz"))],
  });
  expect(report).toMatchObject({
    verified: true,
    signers: { tag: ["alice"], release: ["alice", "bob"] },
    records: [{ origin: "example.org/foo-log", index: 0, size: 1 }],
    ignored: [],
  });
  expect(report.checks.map(({ link }) => link)).toEqual([
    "statement",
    "project",
    "release",
    "tag",
    "record",
    "artifact",
    "tree",
  ]);
});

test("what is parsed is written again", async () => {
  const manifest = await read("foo-1.0.0.SHA256SUMS");
  expect(formatManifest(parseManifest(manifest).lines)).toEqual(manifest);
  const statement = await read("foo-1.0.0.release.json");
  expect(parseStatement(formatStatement(parseStatement(statement)))).toEqual(parseStatement(statement));
  const bundle = await read("foo-1.0.0.countersign.json");
  expect(formatBundle(parseBundle(bundle))).toEqual(bundle);
  const record = await read("record.json");
  expect(formatRecord(parseRecord(record))).toEqual(record);
  expect((await sealPolicyFile(join(directory, "foo.policy.yaml"))).bytes).toEqual(await read("foo.policy"));
});

test("the loose files are those in the bundle", async () => {
  const bundle = parseBundle(await read("foo-1.0.0.countersign.json"));
  for (const { name, bytes } of [bundle.manifest, bundle.statement, ...bundle.signatures])
    expect(await read(name)).toEqual(bytes);
  const { source } = parseStatement(bundle.statement.bytes);
  expect(source?.tagObject).toEqual(await read("tag.txt"));
  expect(source?.commitObject).toEqual(await read("commit.txt"));
  expect(bundle.records).toEqual([
    { record: await read("record.json"), proof: new TextDecoder().decode(await read("record.tlog-proof")) },
  ]);
});

test("the record is in the log of the policy", async () => {
  const { logs } = await parsePolicy(await read("foo.policy"), adapters);
  const facts = verifyRecordProof(await read("record.json"), await read("record.tlog-proof"), logs.of);
  expect(facts).toMatchObject({ origin: "example.org/foo-log", index: 0, size: 1 });
});

test("the tar has the trees that are written beside it", async () => {
  const tar = createReadStream(join(directory, "foo-1.0.0.tar.gz")).pipe(createGunzip());
  const found = await treeOfTar(Readable.toWeb(tar) as ReadableStream<Uint8Array>, { prefix: "foo-1.0.0/" });
  const listed = new TextDecoder().decode(await read("README.txt"));
  expect(listed).toContain(found.tree);
  expect(listed).toContain(found.contentTree);
  const { source } = parseStatement(await read("foo-1.0.0.release.json"));
  expect(source).toMatchObject({ tree: found.tree, contentTree: found.contentTree });
});
