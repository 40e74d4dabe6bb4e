/**
 * Downloads a release, verified while it streams. The evidence is judged before the first byte of an artifact is asked for,
 * and nothing has its final name before it is verified. Resumed after an interruption.
 */

import { createHasher } from "#native";
import { CountersignError, fail, isCountersignError } from "../errors/index.ts";
import { formatBundle, groupBundles, type NamedBytes, type UnverifiedBundle } from "../formats/bundle.ts";
import { toHex } from "../formats/bytes.ts";
import { readStream, sha256Hex, sourceSha256 } from "../formats/digest.ts";
import type { Policy } from "../formats/policy.ts";
import { namesOfManifest } from "../formats/release-names.ts";
import type { Asset, Forge, Place } from "../ports/forge.ts";
import type { Sink, Source } from "../ports/source.ts";
import type { OnProgress } from "./artifacts.ts";
import { countedBundle, type Evidence, inspectEvidence } from "./evidence.ts";
import { readForgeEvidence, safeAssets } from "./release-files.ts";
import { errorOfCheck } from "./roles.ts";
import { type VerifiedRelease, type VerifyOptions, verifyRelease } from "./verify.ts";

export interface GetOptions {
  readonly forge: Forge;
  readonly place: Place;
  readonly policy: Policy;
  readonly adapters: VerifyOptions["adapters"];
  readonly now: Date;
  readonly sink: Sink;
  /** Names of artifacts; default: the one that the locator names, else all. */
  readonly only?: readonly string[];
  readonly expect?: VerifyOptions["expect"];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface GetPlan {
  readonly version: string;
  /** The evidence that counts, and nothing else of what the place holds. */
  readonly bundle: UnverifiedBundle;
  readonly downloads: readonly { readonly asset: Asset; readonly size: number; readonly sha256: string }[];
}

/**
 * Judges the evidence at the place; downloads no artifact.
 * @throws what does not hold, as `verifyRelease` does · ARTIFACT_UNKNOWN — `only` names none of the release
 */
export async function planGet(options: GetOptions): Promise<GetPlan> {
  const { forge, place, policy, adapters, now, signal } = options;
  const release = await forge.fetchRelease(place, { signal });
  if (release.state !== "published")
    fail("RELEASE_MISSING", `${release.place.version} is staged at ${place.base}, not published`);
  const loose = await readForgeEvidence(forge, release, signal);
  let failure: unknown;
  for (const bundles of groupBundles(loose.bundles)) {
    const [first] = bundles;
    if (!first) continue;
    try {
      const evidence = await inspectEvidence(
        bundles,
        { version: place.version, ...options.expect },
        { policy, schemes: adapters.schemes, now, signal },
      );
      const error = errorOfCheck(evidence.checks, place.base);
      if (error) throw error;
      const only = options.only ?? (place.file === undefined ? undefined : [place.file]);
      return {
        version: evidence.statement.version,
        bundle: { ...countedBundle(first, evidence), ignored: [] },
        downloads: choose(safeAssets(release), evidence, only),
      };
    } catch (error) {
      if (!isCountersignError(error)) throw error;
      failure ??= error;
    }
  }
  throw failure ?? new CountersignError("BUNDLE_MISSING", `no bundle at ${place.base}`);
}

/**
 * Downloads what the plan names, verifies all of it as `verify` would, the trees in the tars too, and only then gives the
 * files their names.
 * @throws ARTIFACT_MISMATCH · ARTIFACT_SIZE · TREE_MISMATCH — the partial files are removed · NETWORK_FAILED — they are kept
 * @throws FILE_EXISTS — other bytes have the final name
 */
export async function applyGet(plan: GetPlan, options: GetOptions): Promise<VerifiedRelease> {
  const { policy, adapters, now, sink, signal, onProgress } = options;
  const fetched: Fetched[] = [];
  for (const download of plan.downloads) fetched.push(await fetchArtifact(download, options));
  const partial = fetched.filter((one) => one.partial);
  let release: VerifiedRelease;
  try {
    release = await verifyRelease({
      policy,
      adapters,
      now,
      expect: { version: plan.version, ...options.expect },
      bundles: [plan.bundle],
      files: fetched.map(({ source }) => source),
      signal,
      onProgress,
    });
  } catch (error) {
    // What is complete and does not hold is of no use to a later run.
    if (isCountersignError(error) && error.exit === 1)
      for (const { source } of partial) await sink.discard(source.name);
    throw error;
  }
  for (const { source } of partial) await sink.commit(source.name);
  // The evidence goes last and beside: what it vouches for is complete when it appears.
  await writeEvidence(sink, plan.bundle);
  return release;
}

interface Fetched {
  /** Its digest is known: the bytes were hashed as they were written. */
  readonly source: Source;
  /** Has it still to get its name? */
  readonly partial: boolean;
}

async function fetchArtifact(
  { asset, size, sha256 }: GetPlan["downloads"][number],
  options: GetOptions,
): Promise<Fetched> {
  const { forge, sink, signal, onProgress } = options;
  const { name } = asset;
  const report = (done: number): void => onProgress?.({ step: "download", name, done, total: size });
  const existing = await sink.existing(name);
  if (existing) {
    if (existing.size === size && (await sourceSha256(existing, { signal })) === sha256)
      return { source: known(existing, sha256), partial: false };
    fail("FILE_EXISTS", `${name} is here already, with other bytes`, { where: name });
  }
  const hasher = createHasher("sha256");
  let done = 0;
  const left = await sink.partial(name);
  if (left > 0 && left <= size && forge.supports.ranges)
    for await (const chunk of readStream(sink.readPartial(name))) {
      hasher.update(chunk);
      done += chunk.length;
    }
  if (done < size || size === 0) {
    const writer = (await sink.write(name, done)).getWriter();
    try {
      for await (const chunk of readStream(await forge.open(asset, { signal, start: done }))) {
        done += chunk.length;
        if (done > size) break;
        hasher.update(chunk);
        await writer.write(chunk);
        report(done);
      }
      await writer.close();
    } catch (error) {
      // What arrived is kept for the next run; it is hashed again then.
      await writer.close().catch(() => undefined);
      throw error;
    }
  }
  if (done !== size) {
    if (done > size) await sink.discard(name);
    fail(
      "ARTIFACT_SIZE",
      `${name}: the place serves ${done > size ? "more than" : "only"} ${Math.min(done, size)} of ${size} bytes`,
      { where: name },
    );
  }
  const digest = toHex(hasher.digest());
  if (digest !== sha256) {
    await sink.discard(name);
    fail(
      "ARTIFACT_MISMATCH",
      `${name} is not the released file: SHA-256 ${digest}, the release says ${sha256}`,
      { where: name },
    );
  }
  return { source: known({ name, size, open: () => sink.readPartial(name) }, sha256), partial: true };
}

/** The plain files, for `sha256sum`, `gpgv` and `ssh-keygen`, then the bundle. */
async function writeEvidence(sink: Sink, bundle: UnverifiedBundle): Promise<void> {
  const names = namesOfManifest(bundle.manifest.name);
  if (!names) throw new TypeError("the evidence was inspected");
  for (const file of [bundle.manifest, bundle.statement])
    if (!(await writeFile(sink, file)))
      fail("FILE_EXISTS", `${file.name} is here already, with other bytes`, { where: file.name });
  // An earlier run's signature stands; the bundle has this one too.
  for (const file of bundle.signatures) await writeFile(sink, file);
  // More evidence than an earlier run found goes beside it.
  const bytes = formatBundle(bundle);
  for (let number = 1; number < 1000; number++) {
    const name = number === 1 ? names.bundle : `${names.base}.countersign.${number}.json`;
    if (await writeFile(sink, { name, bytes })) return;
  }
  fail("FILE_EXISTS", `${names.bundle} and all that could stand beside it are here already`);
}

/** @returns false where other bytes have the name; they are left as they are */
async function writeFile(sink: Sink, { name, bytes }: NamedBytes): Promise<boolean> {
  const existing = await sink.existing(name);
  if (existing) return (await sourceSha256(existing)) === sha256Hex(bytes);
  const writer = (await sink.write(name, 0)).getWriter();
  await writer.write(bytes);
  await writer.close();
  await sink.commit(name);
  return true;
}

function choose(
  assets: readonly Asset[],
  evidence: Evidence,
  only: readonly string[] | undefined,
): GetPlan["downloads"] {
  const digests = new Map(evidence.statement.subjects.map(({ name, sha256 }) => [name, sha256]));
  for (const name of only ?? [])
    if (!digests.has(name))
      fail("ARTIFACT_UNKNOWN", `${JSON.stringify(name)} is no artifact of this release`);
  return evidence.statement.artifacts
    .filter(({ name }) => only?.includes(name) ?? true)
    .map(({ name, size }) => {
      const asset =
        assets.find((one) => one.name === name) ??
        fail("ARTIFACT_MISSING", `the place does not hold ${name}`);
      return { asset, size, sha256: digests.get(name) ?? "" };
    });
}

/** The bytes were hashed while they were written: hashing them again would say nothing new. */
function known(source: Source, sha256: string): Source {
  const digest = Uint8Array.from(sha256.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return { ...source, sha256: async () => digest };
}
