import { defineConfig } from "tsup";
import { library } from "../../tsup.base.ts";

// `#native` stays an import of the built files too: who bundles or runs them chooses by condition.
export default defineConfig({
  ...library,
  entry: { index: "src/index.ts", "native/node": "src/native/node.ts", "native/web": "src/native/web.ts" },
  external: ["#native"],
});
