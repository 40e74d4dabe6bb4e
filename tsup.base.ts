import type { Options } from "tsup";

/** What all libraries of the house share: ESM, declarations, no source left out of the map. */
export const library: Options = {
  entry: ["src/index.ts"],
  format: ["esm"],
  target: "node20",
  platform: "neutral",
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  sourcemap: true,
  clean: true,
  treeshake: true,
};
