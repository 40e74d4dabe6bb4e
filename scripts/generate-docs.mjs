// Writes the generated pages and schemas of apps/docs from the sources. Node 20 reads no TypeScript, so they are bundled first.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const docs = join(root, "apps/docs");
const temporary = mkdtempSync(join(tmpdir(), "countersign-docs-"));
try {
  const outfile = join(temporary, "generated-docs.mjs");
  await build({
    entryPoints: [join(root, "scripts/generated-docs.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@countersign/source"],
    logLevel: "error",
  });
  const { generateDocs } = await import(pathToFileURL(outfile).href);
  const files = await generateDocs();
  for (const [path, text] of files) {
    mkdirSync(dirname(join(docs, path)), { recursive: true });
    writeFileSync(join(docs, path), text);
  }
  console.log(`wrote ${files.size} files below apps/docs`);
} finally {
  rmSync(temporary, { recursive: true });
}
