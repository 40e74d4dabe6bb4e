import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig, type Options } from "tsup";

// yaml gives Node a CommonJS build, whose require() has no place in a module.
const yaml = join(
  dirname(createRequire(import.meta.url).resolve("yaml/package.json")),
  "browser",
  "index.js",
);

const shared: Options = {
  target: "node20",
  platform: "node",
  minify: true,
  treeshake: true,
  noExternal: [/.*/],
  esbuildOptions: (options) => {
    options.alias = { yaml };
    options.conditions = ["@countersign/source", "node", "import"];
    options.legalComments = "linked";
  },
};

export default defineConfig([
  // The entry is CommonJS: Node starts it without its module loader, which `--version` need not wait for.
  {
    ...shared,
    entry: { bin: "src/bin.ts" },
    format: ["cjs"],
    noExternal: [],
    external: [/start\.mjs$/],
    onSuccess: async () =>
      writeFile(join(import.meta.dirname, "dist", "package.json"), '{ "type": "commonjs" }\n'),
    outExtension: () => ({ js: ".js" }),
  },
  // Everything inside: one import of a library at a time costs more than all of ours. Each command is a chunk of its own,
  // so that what is asked for most starts with the least.
  {
    ...shared,
    entry: { start: "src/start.ts" },
    format: ["esm"],
    splitting: true,
    outExtension: () => ({ js: ".mjs" }),
  },
]);
