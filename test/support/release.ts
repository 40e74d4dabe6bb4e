/** Real releases for tests: OpenPGP keys, a log, a tag, a tar; staged and published into a directory by the flows. */

import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  applyPublish,
  applyStage,
  bytesSource,
  concatBytes,
  formatManifest,
  formatStatement,
  gitObjectId,
  isWritable,
  type LogWriter,
  type NamedFile,
  type Policy,
  parsePolicy,
  planPublish,
  planStage,
  type ReleaseStatement,
  releaseNames,
  type Signer,
  type Source,
  sealPolicy,
  sha256Hex,
  utf8,
} from "@countersign/core";
import { directoryForge } from "@countersign/forge-directory";
import { directoryLogWriter, initLog } from "@countersign/log-tiles";
import { adapters } from "@countersign/node";
import { generateOpenpgpKey, openpgpKeySigner } from "@countersign/signature-openpgp";

export const now: Date = new Date("2026-11-21T12:00:00Z");

export interface Person {
  readonly name: string;
  readonly publicKey: string;
  readonly signer: Signer;
}

export async function makePerson(name: string): Promise<Person> {
  const { publicKey, secretKey } = await generateOpenpgpKey({ name, date: new Date("2026-01-01T00:00:00Z") });
  return { name, publicKey, signer: await openpgpKeySigner({ secretKey: utf8(secretKey), now: () => now }) };
}

export interface World {
  readonly alice: Person;
  readonly bob: Person;
  /** In nobody's policy. */
  readonly mallory: Person;
  readonly log: LogWriter;
}

export async function makeWorld(): Promise<World> {
  const [alice, bob, mallory] = await Promise.all(["alice", "bob", "mallory"].map(makePerson));
  if (!alice || !bob || !mallory) throw new TypeError("three people");
  return { alice, bob, mallory, log: await makeLog("example.org/log") };
}

export async function makeLog(origin: string): Promise<LogWriter> {
  const directory = join(await temporaryDirectory(), "log");
  const { key } = await initLog({ directory, origin });
  return directoryLogWriter({ directory, key });
}

export const temporaryDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), "countersign-test-"));

export async function makePolicy(world: World, project: string): Promise<Policy> {
  return parsePolicy(makeSealed(world, project), adapters);
}

export function makeSealed({ alice, bob, log }: World, project: string): Uint8Array {
  return sealPolicy({
    project,
    serial: 1,
    signers: { alice: { openpgp: alice.publicKey }, bob: { openpgp: bob.publicKey } },
    require: { tag: { anyOf: ["alice"] }, release: { allOf: ["alice", "bob"] } },
    logs: { anyOf: [`log ${log.verifierKey}`] },
  });
}

export interface ReleaseWish {
  readonly project: string;
  readonly name: string;
  readonly version: string;
  /** Contents of the artifacts, by the endings of their names. */
  readonly artifacts?: Readonly<Record<string, Uint8Array>>;
  readonly signers?: readonly Person[];
}

/** Artifacts, manifest, statement and signatures of a release, by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** A signed tag and its commit, as git would store them. The tree is empty: these artifacts are declared. */
export async function makeTag(
  { alice }: World,
  name: string,
): Promise<NonNullable<ReleaseStatement["source"]>> {
  const tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
  const who = "Alice <alice@example.org> 1790000000 +0000";
  const commitObject = utf8(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nA commit\n`);
  const commit = gitObjectId("commit", commitObject, "sha1");
  const payload = utf8(`object ${commit}\ntype commit\ntag ${name}\ntagger ${who}\n\n${name}\n`);
  const { bytes } = await alice.signer.sign(bytesSource("tag", payload), { purpose: "tag" });
  return {
    tag: name,
    tagObject: concatBytes(payload, bytes),
    commit,
    commitObject,
    tree,
    contentTree: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    submodules: [],
    recipe: { prefix: "" },
  };
}

/** What `pack` and `sign` would leave in a directory. */
export async function makeFiles(world: World, wish: ReleaseWish): Promise<Files> {
  const { project, version, name, signers = [world.alice, world.bob] } = wish;
  const names = releaseNames(`${name}-${version}`);
  const contents = Object.entries(
    wish.artifacts ?? { ".bin": utf8(`${name} ${version} bytes\n`), ".txt": utf8(`notes of ${version}\n`) },
  );
  const files = new Map(contents.map(([ending, bytes]) => [`${names.base}${ending}`, bytes]));
  const subjects = [...files].map(([file, bytes]) => ({ name: file, sha256: sha256Hex(bytes) }));
  const statement = formatStatement({
    project,
    version,
    source: await makeTag(world, `v${version}`),
    artifacts: [...files].map(([file, bytes]) => ({ name: file, size: bytes.length, format: "declared" })),
    subjects,
  });
  const manifest = formatManifest([...subjects, { name: names.statement, sha256: sha256Hex(statement) }]);
  files.set(names.statement, statement);
  files.set(names.manifest, manifest);
  for (const { name: who, signer } of signers)
    files.set(
      names.signature(who, ".asc"),
      (await signer.sign(bytesSource(names.manifest, manifest), { purpose: "release" })).bytes,
    );
  return files;
}

/** Stages and publishes; returns all published files, the bundle among them. */
export async function makeRelease(
  world: World,
  wish: ReleaseWish,
): Promise<{
  readonly files: Files;
  readonly policy: Policy;
  readonly sealed: Uint8Array;
  readonly root: string;
}> {
  const policy = await makePolicy(world, wish.project);
  const root = await temporaryDirectory();
  const files = await makeFiles(world, wish);
  const forge = directoryForge();
  const parsed = forge.parse(`directory:${root}@${wish.version}`);
  if (!parsed?.version || !isWritable(forge)) throw new TypeError("a place");
  const place = { ...parsed, version: parsed.version };
  const staging = { forge, place, files: sourcesOf(files).map((file) => ({ file })) };
  await applyStage(await planStage(staging), staging);
  const publishing = { forge, place, policy, adapters, logs: [world.log], now };
  await applyPublish(await planPublish(publishing), publishing);
  return {
    files: await readFiles(join(root, wish.version)),
    policy,
    sealed: makeSealed(world, wish.project),
    root,
  };
}

export async function readFiles(directory: string): Promise<Files> {
  const names = (await readdir(directory)).filter((name) => name !== "index.json");
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, new Uint8Array(await readFile(join(directory, name)))] as const),
    ),
  );
}

export function sourcesOf(files: Files): Source[] {
  return [...files].map(([name, bytes]) => bytesSource(name, bytes));
}

export function namedOf(files: Files): NamedFile[] {
  return [...files].map(([name, bytes]) => ({ name, read: async () => bytes }));
}
