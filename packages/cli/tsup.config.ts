import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig, type Options } from "tsup";

// yaml gives Node a CommonJS build, whose require() has no place in a module.
const require = createRequire(import.meta.url);
const yaml = join(dirname(require.resolve("yaml/package.json")), "browser", "index.js");

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

const dist = join(import.meta.dirname, "dist");

/** What is inside comes with its licences. */
async function writeLicences(): Promise<void> {
  const texts = ["openpgp", "valibot", "yaml"].map(async (name) => {
    const directory = join(import.meta.dirname, "../../node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
    const file = name === "valibot" ? "LICENSE.md" : "LICENSE";
    return `${name} ${version} (${license})\n\n${await readFile(join(directory, file), "utf8")}`;
  });
  await writeFile(join(dist, "THIRD-PARTY.txt"), (await Promise.all(texts)).join(`\n${"=".repeat(80)}\n\n`));
}

export default defineConfig([
  // The entry is CommonJS: Node starts it without its module loader, which `--version` need not wait for.
  {
    ...shared,
    entry: { bin: "src/bin.ts" },
    format: ["cjs"],
    noExternal: [],
    external: [/start\.mjs$/],
    onSuccess: async () => writeFile(join(dist, "package.json"), '{ "type": "commonjs" }\n'),
    outExtension: () => ({ js: ".js" }),
  },
  // Everything inside: one import of a library at a time costs more than all of ours. Each command is a chunk of its own,
  // so that what is asked for most starts with the least.
  {
    ...shared,
    entry: { start: "src/start.ts" },
    format: ["esm"],
    splitting: true,
    onSuccess: writeLicences,
    outExtension: () => ({ js: ".mjs" }),
  },
]);
