import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "tsup";

// yaml gives Node a CommonJS build, whose require() has no place in a module.
const yaml = join(
  dirname(createRequire(import.meta.url).resolve("yaml/package.json")),
  "browser",
  "index.js",
);

// Everything inside: one import of a library at a time costs more than all of ours. Each command is a chunk of its own,
// so that what is asked for most starts with the least.
export default defineConfig({
  entry: { bin: "src/bin.ts" },
  format: ["esm"],
  target: "node20",
  platform: "node",
  splitting: true,
  clean: true,
  minify: true,
  treeshake: true,
  noExternal: [/.*/],
  esbuildOptions: (options) => {
    options.alias = { yaml };
    options.conditions = ["@countersign/source", "node", "import"];
    options.legalComments = "linked";
  },
});
