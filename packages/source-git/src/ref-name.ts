/** Names of tags, by the rules of git-check-ref-format(1), and never one that a program could take for an option. */

import { fail, printable } from "@countersign/core";

const forbidden = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|^@$/;

/** @param name without `refs/tags/` @throws TAG_UNKNOWN */
export function checkTagName(name: string): string {
  const bad =
    name === "" ||
    name.length > 200 ||
    name.startsWith("-") ||
    forbidden.test(name) ||
    /[\ud800-\udfff]/u.test(name) ||
    name.split("/").some((part) => part.startsWith(".") || part.endsWith(".lock"));
  if (bad) fail("TAG_UNKNOWN", `this cannot be the name of a tag: ${printable(name)}`);
  return name;
}
