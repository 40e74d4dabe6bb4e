/** From what a person typed to a place at a forge, and the policy to judge it by. */

import { resolve } from "node:path";
import {
  CountersignError,
  type Forge,
  fail,
  isCountersignError,
  isWritable,
  type Place,
  type Policy,
  policyOfKeys,
  type Release,
  type VersionedPlace,
  type WritableForge,
} from "@countersign/core";
import { homeDirectory, readKeys, readPolicy, trustStore } from "@countersign/node";
import { type Call, optionText, optionTexts } from "./command.ts";

export interface Found {
  readonly forge: Forge;
  readonly place: Place;
}

/** A URL or locator; undefined for anything that is a path. */
export async function findPlace(text: string): Promise<Found | undefined> {
  if (!/^[a-z][a-z0-9+.-]*:/.test(text) || /^[A-Za-z]:[\\/]/.test(text)) return undefined;
  const { forges } = await import("@countersign/node/network");
  for (const forge of forges()) {
    const place = forge.parse(text);
    if (place) return { forge, place };
  }
  return fail("LOCATOR_UNKNOWN", `no adapter here knows the place ${JSON.stringify(text)}`);
}

/** @throws LOCATOR_UNKNOWN */
export async function needPlace(text: string): Promise<Found> {
  return (
    (await findPlace(text)) ??
    fail("LOCATOR_UNKNOWN", `expected a locator or URL, found ${JSON.stringify(text)}`)
  );
}

/** A place that can be written to, with its version filled in. @throws PLACE_READONLY · RELEASE_AMBIGUOUS */
export async function needWritable(
  text: string,
  call: Call,
): Promise<{ readonly forge: WritableForge; readonly place: VersionedPlace }> {
  const { forge, place: typed } = await needPlace(text);
  if (!isWritable(forge)) return fail("PLACE_READONLY", `${typed.base} can only be read`);
  const place = await onlyRelease(forge, typed, "staged", call);
  if (place.version !== undefined) return { forge, place: { ...place, version: place.version } };
  return { forge, place: (await forge.fetchRelease(place, { signal: call.context.signal })).place };
}

/**
 * A place to read a release from: without a version, the only published one, though another may be staged beside it.
 * @throws LOCATOR_UNKNOWN
 */
export async function needReadable(text: string, call: Call): Promise<Found> {
  const { forge, place } = await needPlace(text);
  return { forge, place: await onlyRelease(forge, place, "published", call) };
}

/** The place with the version of its only release in this state; as it was where there is none, or several. */
async function onlyRelease(
  forge: Forge,
  place: Place,
  state: Release["state"],
  { context }: Call,
): Promise<Place> {
  if (place.version !== undefined || place.file !== undefined || !isWritable(forge)) return place;
  const found: Place[] = [];
  for await (const release of forge.list(place, { signal: context.signal }))
    if (release.state === state) found.push(release.place);
  const [only, ...more] = found;
  return only && more.length === 0 ? only : place;
}

/**
 * `--policy`, else `--key`, else every pinned policy of a project that the evidence claims.
 * A claim only chooses among what the user has pinned; it is then compared with the policy.
 */
export async function findPolicies(call: Call, claimed: readonly string[]): Promise<readonly Policy[]> {
  const { cwd, env } = call.context;
  const file = optionText(call, "policy");
  const keys = optionTexts(call, "key");
  if (file !== undefined && keys.length > 0) fail("USAGE", "give --policy or --key, not both");
  if (file !== undefined) return [(await readPolicy(resolve(cwd, file))).policy];
  if (keys.length > 0)
    return [policyOfKeys((await Promise.all(keys.map((path) => readKeys(resolve(cwd, path))))).flat())];
  const store = trustStore(homeDirectory(env));
  const wanted = optionText(call, "project");
  const found = [];
  for (const project of wanted === undefined ? claimed : [wanted]) found.push(await store.find(project));
  return found.flatMap((pinned) => pinned?.policy ?? []);
}

/**
 * Runs `attempt` with each policy that may apply until one holds: another project's evidence beside a release, even of
 * one that is pinned too, must not decide by which policy it is judged.
 * @throws POLICY_NOT_PINNED — there is none · what the first attempt threw, when none holds
 */
export async function withPolicies<T>(
  call: Call,
  claimed: readonly string[],
  attempt: (policy: Policy) => Promise<T>,
): Promise<T> {
  const policies = await findPolicies(call, claimed);
  let failure: unknown;
  for (const policy of policies) {
    try {
      return await attempt(policy);
    } catch (error) {
      // A place that does not answer, or forbids, does so for every policy.
      if (!isCountersignError(error) || error.exit >= 3) throw error;
      failure ??= error;
    }
  }
  throw failure ?? noPolicy(claimed);
}

export function noPolicy(claimed: readonly string[]): CountersignError {
  const what =
    claimed.length === 0 ? "no policy was given" : `no policy is pinned for ${claimed.join(" or ")}`;
  return new CountersignError("POLICY_NOT_PINNED", what);
}

export const policyOptions = {
  policy: { type: "string", value: "FILE", summary: "a sealed policy, instead of the pinned one" },
  project: { type: "string", value: "URI", summary: "the project that it has to be of" },
} as const;
