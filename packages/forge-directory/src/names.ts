/** What may stand in a path or URL of this layout. */

import { checkName, fail, isSafeName, printable } from "@countersign/core";

/** The release's own list of files. */
export const indexName = "index.json";
/** The list of releases, beside their directories. */
export const listName = "releases.json";
const reserved: ReadonlySet<string> = new Set([indexName, listName]);
const version = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,99}$/;

/** May this be the directory of a release? Letters, digits and `. _ + ~ -`, no `..`, not a name of the layout's own files. */
export function isVersion(text: string): boolean {
  return version.test(text) && !text.includes("..") && !reserved.has(text);
}

/** @throws NAME_REFUSED */
export function checkVersion(text: string, where: string): string {
  return isVersion(text)
    ? text
    : fail("NAME_REFUSED", `${where}: this cannot be the version of a release: ${printable(text)}`, {
        where,
      });
}

/** May this be an asset? */
export function isAssetName(name: string): boolean {
  return isSafeName(name) && !reserved.has(name);
}

/** @throws NAME_REFUSED */
export function checkAssetName(name: string, where: string): string {
  checkName(name, where);
  return reserved.has(name)
    ? fail("NAME_REFUSED", `${where}: ${name} is the directory's own file`, { where })
    : name;
}
