/** URLs as locators, and the names of bundles that may stand beside a file. No I/O. */

import { fail, type Place, printable } from "@countersign/core";
import { isAssetName, isVersion } from "./names.ts";

export const webId = "web";
const bundleEnding = ".countersign.json";
const maxCandidates = 6;

/**
 * `http(s)://HOST/ROOT/`, `…/ROOT/@VERSION`, `…/ROOT/VERSION/`, or a file: `…/ROOT/VERSION/FILE`, `…/ANYWHERE/FILE`.
 * @throws LOCATOR_UNKNOWN — credentials, a query, a fragment, or a last part that is no name of a file
 */
export function parseWebLocator(locator: string): Place | undefined {
  if (!/^https?:/i.test(locator)) return undefined;
  const refuse = (what: string): never => fail("LOCATOR_UNKNOWN", `a URL ${what}: ${printable(locator)}`);
  if (!URL.canParse(locator)) return refuse("that cannot be read");
  const url = new URL(locator);
  if (url.username !== "" || url.password !== "")
    return fail("LOCATOR_UNKNOWN", `a URL with credentials in it, of ${url.host}`);
  if (url.search !== "" || url.hash !== "") return refuse("with a query or a fragment");
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  const base = new URL(".", url).href;
  if (last === "") return { forge: webId, base };
  const name = decode(last) ?? refuse("with a name that cannot be read");
  if (name.startsWith("@"))
    return isVersion(name.slice(1))
      ? { forge: webId, base, version: name.slice(1) }
      : refuse("with something else than a version after @");
  return isAssetName(name)
    ? { forge: webId, base, file: name }
    : refuse("whose last part is no name of a release's file");
}

/** The URL of a name below `base`. Names are checked; their + and ~ and @ need no escaping in a path. */
export function below(base: string, ...names: readonly string[]): string {
  return new URL(names.map(encodeURIComponent).join("/"), base).href;
}

export function isBundleName(name: string): boolean {
  return name.endsWith(bundleEnding);
}

/** Bundles that may belong to this file, the longest name first: cut at dots, from the right, at most six. */
export function bundleCandidates(file: string): readonly string[] {
  const names: string[] = [];
  for (
    let at = file.lastIndexOf(".");
    at > 0 && names.length < maxCandidates;
    at = file.lastIndexOf(".", at - 1)
  )
    names.push(file.slice(0, at) + bundleEnding);
  return names;
}

/**
 * The version that a bundle's name suggests: what follows the last dash. A guess for display, made from the server's
 * word: what the release is, the bundle's signatures say.
 */
export function guessVersion(bundle: string): string {
  const stem = bundle.slice(0, -bundleEnding.length);
  const guess = stem.slice(stem.lastIndexOf("-") + 1);
  return isVersion(guess) ? guess : "unknown";
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
