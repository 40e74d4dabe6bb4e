/** The names of a release's files. They carry project and version, because download hosts are flat. */

import { fail } from "../errors/index.ts";
import { isSafeName } from "./names.ts";

const manifestEnding = ".SHA256SUMS";
/** Leaves room for the longest ending. */
const maxBase = 120;

export interface ReleaseNames {
  /** `qemu-9.1.0`. */
  readonly base: string;
  readonly manifest: string;
  readonly statement: string;
  readonly bundle: string;
  /** @param extension with its dot */
  signature(signer: string, extension: string): string;
}

/** @param base project's short name and version, `qemu-9.1.0` @throws NAME_REFUSED */
export function releaseNames(base: string): ReleaseNames {
  if (!isSafeName(base) || base.length > maxBase)
    fail("NAME_REFUSED", `the name of a release is refused: ${JSON.stringify(base)}`);
  return {
    base,
    manifest: `${base}${manifestEnding}`,
    statement: `${base}.release.json`,
    bundle: `${base}.countersign.json`,
    signature: (signer, extension) => `${base}${manifestEnding}.${signer}${extension}`,
  };
}

/** The names that belong to a manifest's; undefined when this is no manifest's name. */
export function namesOfManifest(name: string): ReleaseNames | undefined {
  const base = name.slice(0, -manifestEnding.length);
  return isSafeName(name) && name.endsWith(manifestEnding) && isSafeName(base) && base.length <= maxBase
    ? releaseNames(base)
    : undefined;
}

/** Is this the name of a bundle, the first or a later one? */
export function isBundleName(name: string): boolean {
  return isSafeName(name) && /\.countersign(?:\.[1-9][0-9]{0,3})?\.json$/.test(name);
}
