/** The tree in the tarball is the tree of the signed tag, recomputed: the signers' word is not needed for it, nor enough. */

import { execFileSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  applyGet,
  bytesSource,
  formatBundle,
  formatManifest,
  formatStatement,
  inspectRelease,
  parseStatement,
  planGet,
  policyOfKeys,
  type Report,
  readEvidence,
  releaseNames,
  type StatedArtifact,
  sha256Hex,
} from "@countersign/core";
import { directoryForge } from "@countersign/forge-directory";
import { adapters, directorySink } from "@countersign/node";
import { openRepository, pack, signTag } from "@countersign/source-git";
import { beforeAll, expect, test } from "vitest";
import {
  type Files,
  makeWorld,
  namedOf,
  now,
  readFiles,
  temporaryDirectory,
  type World,
} from "./support/release.ts";

const names = releaseNames("foo-1.0");
let world: World;
let honest: Files;
/** Of the same name and version, from a repository with another file. */
let other: Files;

async function makePacked(content: string, attributes?: string): Promise<Files> {
  const room = await temporaryDirectory();
  const repo = join(room, "repo");
  const git = (...args: string[]): void => {
    execFileSync("git", ["-C", repo, "-c", "user.name=A", "-c", "user.email=a@example.org", ...args], {
      env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
    });
  };
  await mkdir(repo);
  git("init", "--quiet");
  await writeFile(join(repo, "main.c"), content);
  if (attributes) await writeFile(join(repo, ".gitattributes"), attributes);
  git("add", "-A");
  git("commit", "--quiet", "-m", "first");
  const repository = await openRepository(repo);
  await signTag({
    repository,
    name: "v1.0",
    commit: "HEAD",
    message: "1.0",
    tagger: "Alice <alice@example.org>",
    date: now,
    signer: world.alice.signer,
  });
  const keys = (await adapters.schemes[0]?.parseKeys(new TextEncoder().encode(world.alice.publicKey))) ?? [];
  const output = join(room, "dist");
  await pack({
    repository,
    tag: "v1.0",
    name: "foo",
    version: "1.0",
    project: "https://example.org/foo",
    formats: ["tar", "tar.gz"],
    schemes: adapters.schemes,
    keys,
    now,
    output,
  });
  return readFiles(output);
}

const get = (files: Files, name: string): Uint8Array => files.get(name) ?? new Uint8Array();

/** The honest statement over other tars: what a signer makes who has not looked. */
function lyingFiles(artifacts: Readonly<Record<string, Uint8Array>>, tar: Uint8Array): Files {
  const statement = parseStatement(get(honest, names.statement));
  const stated = statement.artifacts.map((artifact): StatedArtifact => {
    const size = artifacts[artifact.name]?.length ?? 0;
    return artifact.format === "declared"
      ? artifact
      : { ...artifact, size, tar: { sha256: sha256Hex(tar), size: tar.length } };
  });
  const subjects = Object.entries(artifacts).map(([name, bytes]) => ({ name, sha256: sha256Hex(bytes) }));
  const text = formatStatement({ ...statement, artifacts: stated, subjects });
  const manifest = formatManifest([...subjects, { name: names.statement, sha256: sha256Hex(text) }]);
  return new Map([...Object.entries(artifacts), [names.statement, text], [names.manifest, manifest]]);
}

/** Signed by alice as if all were well. */
const lie = (artifacts: Readonly<Record<string, Uint8Array>>, tar: Uint8Array): Promise<Report> =>
  check(lyingFiles(artifacts, tar));

async function check(files: Files): Promise<Report> {
  const manifest = get(files, names.manifest);
  const { bytes } = await world.alice.signer.sign(bytesSource(names.manifest, manifest), {
    purpose: "release",
  });
  const all = new Map([...files, [names.signature("alice", ".asc"), bytes]]);
  const keys = (await adapters.schemes[0]?.parseKeys(new TextEncoder().encode(world.alice.publicKey))) ?? [];
  const { bundles } = await readEvidence(namedOf(all));
  const artifacts = [...files]
    .filter(([name]) => /\.tar(?:\.gz)?$/.test(name))
    .map(([name, content]) => bytesSource(name, content));
  return inspectRelease({ policy: policyOfKeys(keys), adapters, now, bundles, files: artifacts });
}

beforeAll(async () => {
  world = await makeWorld();
  honest = await makePacked("int main(void) { return 0; }\n");
  other = await makePacked("int main(void) { return backdoor(); }\n");
});

test("an honest release: both archives hold the commit's tree", async () => {
  const report = await check(honest);
  expect(report).toMatchObject({ verified: true });
  expect(report.checks.filter(({ link }) => link === "tree")).toHaveLength(2);
});

test("a tar of another tree is refused, although a good key signed it", async () => {
  const tar = get(other, "foo-1.0.tar");
  expect(
    await lie({ "foo-1.0.tar": tar, "foo-1.0.tar.gz": get(other, "foo-1.0.tar.gz") }, tar),
  ).toMatchObject({ verified: false, code: "TREE_MISMATCH" });
});

test("an archive that unpacks to another tar than the statement says is refused", async () => {
  const tar = get(honest, "foo-1.0.tar");
  expect(
    await lie({ "foo-1.0.tar": tar, "foo-1.0.tar.gz": get(other, "foo-1.0.tar.gz") }, tar),
  ).toMatchObject({ code: "TREE_MISMATCH" });
});

test("an archive that unpacks to more than the statement says is not read to its end", async () => {
  const tar = get(honest, "foo-1.0.tar");
  expect(
    await lie({ "foo-1.0.tar": tar, "foo-1.0.tar.gz": gzipSync(new Uint8Array(64 << 20)) }, tar),
  ).toMatchObject({ code: "TREE_MISMATCH" });
  expect(
    await lie(
      { "foo-1.0.tar": tar, "foo-1.0.tar.gz": gzipSync(Buffer.concat([tar, new Uint8Array(1 << 20)])) },
      tar,
    ),
  ).toMatchObject({ code: "TREE_MISMATCH" });
});

test("an archive that is none is a finding, not a crash", async () => {
  const tar = get(honest, "foo-1.0.tar");
  expect(
    await lie({ "foo-1.0.tar": tar, "foo-1.0.tar.gz": new TextEncoder().encode("not gzip") }, tar),
  ).toMatchObject({ code: "ARCHIVE_MALFORMED" });
});

test("where attributes change the tar, the report says that the link rests on the signers", async () => {
  const report = await check(await makePacked("int x;\n", "main.c export-ignore\n"));
  expect(report).toMatchObject({
    verified: true,
    notChecked: expect.arrayContaining([expect.stringContaining("rests on the signers")]),
  });
});

test("get refuses it too, and leaves nothing under the final name", async () => {
  const tar = get(other, "foo-1.0.tar");
  const files = lyingFiles({ "foo-1.0.tar": tar, "foo-1.0.tar.gz": get(other, "foo-1.0.tar.gz") }, tar);
  const manifest = { name: names.manifest, bytes: get(files, names.manifest) };
  const { bytes } = await world.alice.signer.sign(bytesSource(manifest.name, manifest.bytes), {
    purpose: "release",
  });
  const statement = { name: names.statement, bytes: get(files, names.statement) };
  const bundle = formatBundle({
    manifest,
    statement,
    signatures: [{ name: names.signature("alice", ".asc"), bytes }],
    records: [],
  });
  const forge = directoryForge();
  const place = { ...needPlace(forge.parse(`directory:${await temporaryDirectory()}`)), version: "1.0" };
  for (const [name, content] of new Map([...files, [names.bundle, bundle]]))
    await forge.stage(place, bytesSource(name, content));
  await forge.publish(place);
  const into = await temporaryDirectory();
  const keys = (await adapters.schemes[0]?.parseKeys(new TextEncoder().encode(world.alice.publicKey))) ?? [];
  const options = { forge, place, policy: policyOfKeys(keys), adapters, now, sink: directorySink(into) };
  await expect(applyGet(await planGet(options), options)).rejects.toMatchObject({ code: "TREE_MISMATCH" });
  expect(await readdir(into)).toEqual([]);
});

function needPlace<T>(place: T | undefined): T {
  if (place === undefined) throw new TypeError("a place");
  return place;
}

test("an archive that is only declared beside a tag is not passed off as made from it", async () => {
  const statement = parseStatement(get(honest, names.statement));
  const evil = new TextEncoder().encode("evil tarball");
  const subjects = [{ name: "foo-1.0.tar.gz", sha256: sha256Hex(evil) }];
  const text = formatStatement({
    ...statement,
    artifacts: [{ name: "foo-1.0.tar.gz", size: evil.length, format: "declared" }],
    subjects,
  });
  const manifest = formatManifest([...subjects, { name: names.statement, sha256: sha256Hex(text) }]);
  const report = await check(
    new Map([
      ["foo-1.0.tar.gz", evil],
      [names.statement, text],
      [names.manifest, manifest],
    ]),
  );
  expect(report.notChecked).toContainEqual(expect.stringContaining("it is declared, not made from it"));
});

test("nothing is unpacked for evidence that does not hold", async () => {
  const bomb = gzipSync(new Uint8Array(64 << 20));
  const files = lyingFiles(
    { "foo-1.0.tar": get(honest, "foo-1.0.tar"), "foo-1.0.tar.gz": bomb },
    get(honest, "foo-1.0.tar"),
  );
  let unpacked = 0;
  const decompressors = {
    "tar.gz": (stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
      unpacked++;
      return stream;
    },
  };
  const keys = (await adapters.schemes[0]?.parseKeys(new TextEncoder().encode(world.alice.publicKey))) ?? [];
  const { bundles } = await readEvidence(namedOf(files));
  const artifacts = [bytesSource("foo-1.0.tar.gz", bomb)];
  const report = await inspectRelease({
    policy: policyOfKeys(keys),
    adapters: { ...adapters, decompressors },
    now,
    bundles,
    files: artifacts,
  });
  expect(report).toMatchObject({ verified: false, code: "QUORUM_MISSING" });
  expect(unpacked).toBe(0);
});
