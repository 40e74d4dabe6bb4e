/** From what a person typed to a place at a forge, and the policy to judge it by. */

import { resolve } from "node:path";
import {
  type Forge,
  fail,
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
 * `--policy`, else `--key`, else the pinned policy of the project that the evidence claims.
 * A claim only chooses among what the user has pinned; it is then compared with the policy.
 * @throws POLICY_NOT_PINNED
 */
export async function choosePolicy(call: Call, claimed: readonly string[]): Promise<Policy> {
  const policy = await findPolicy(call, claimed);
  return (
    policy ??
    fail(
      "POLICY_NOT_PINNED",
      claimed.length === 0 ? "no policy was given" : `no policy is pinned for ${claimed.join(" or ")}`,
    )
  );
}

export async function findPolicy(call: Call, claimed: readonly string[]): Promise<Policy | undefined> {
  const { cwd, env } = call.context;
  const file = optionText(call, "policy");
  const keys = optionTexts(call, "key");
  if (file !== undefined && keys.length > 0) fail("USAGE", "give --policy or --key, not both");
  if (file !== undefined) return (await readPolicy(resolve(cwd, file))).policy;
  if (keys.length > 0)
    return policyOfKeys((await Promise.all(keys.map((path) => readKeys(resolve(cwd, path))))).flat());
  const store = trustStore(homeDirectory(env));
  const wanted = optionText(call, "project");
  for (const project of wanted === undefined ? claimed : [wanted]) {
    const pinned = await store.find(project);
    if (pinned) return pinned.policy;
  }
  return undefined;
}

export const policyOptions = {
  policy: { type: "string", value: "FILE", summary: "a sealed policy, instead of the pinned one" },
  project: { type: "string", value: "URI", summary: "the project that it has to be of" },
} as const;
