import { defineConfig } from "vitest/config";

/** Tests against real servers and programs. A missing one is an error with CI_INTEGRATION=1, and a visible skip elsewhere. */
export default defineConfig({
  resolve: { conditions: ["@countersign/source"] },
  ssr: { resolve: { conditions: ["@countersign/source"], externalConditions: ["@countersign/source"] } },
  test: {
    include: ["test/integration/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
