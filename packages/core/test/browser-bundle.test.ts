/** Core and what it verifies with bundle for a browser: nothing of Node is reached. */

import { resolve } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";

const packages = resolve(import.meta.dirname, "../..");

async function importsOf(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [resolve(packages, entry)],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    conditions: ["@countersign/source", "browser"],
    // Marked, not resolved: the build itself must not decide what counts.
    external: ["node:*"],
    logLevel: "silent",
  });
  return Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path),
  );
}

test.each(["core/src/index.ts", "signature-openpgp/src/index.ts", "signature-ssh/src/index.ts"])(
  "%s reaches no node: module",
  async (entry) => {
    expect(await importsOf(entry)).toEqual([]);
  },
);

test("the check sees a node: module where there is one", async () => {
  expect(await importsOf("node/src/file-source.ts")).toContain("node:fs/promises");
});
