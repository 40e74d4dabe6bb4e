import { defineConfig } from "tsup";
import { library } from "../../tsup.base.ts";

// Two doors: the scheme, for browsers too, and the signers that start programs, for Node only.
export default defineConfig({
  ...library,
  entry: { index: "src/index.ts", node: "src/node.ts" },
});
