import { defineConfig } from "tsup";
import { library } from "../../tsup.base.ts";

// The network is a door of its own: verifying offline does not pay for it.
export default defineConfig({ ...library, entry: ["src/index.ts", "src/network.ts"] });
