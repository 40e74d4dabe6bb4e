/** The scheme's door opens in a browser: nothing behind `index.ts` imports from Node. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

function imports(url: URL, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(url.href)) return seen;
  seen.add(url.href);
  for (const [, name = ""] of readFileSync(url, "utf8").matchAll(/(?:from |import\()"([^"]+)"/g))
    if (name.startsWith(".")) imports(new URL(name, url), seen);
    else seen.add(name);
  return seen;
}

test("the scheme imports nothing of Node's, and the signers that start programs do", () => {
  const names = (file: string): readonly string[] =>
    [...imports(new URL(`../src/${file}`, import.meta.url))].filter((name) => name.startsWith("node:"));
  expect(names("index.ts")).toEqual([]);
  expect(names("node.ts")).toContain("node:child_process");
});
