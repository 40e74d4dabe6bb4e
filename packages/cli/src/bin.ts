#!/usr/bin/env node
/** The program. Only this file and `start.ts` touch the process. */

import packageJson from "../package.json" with { type: "json" };

// The shortest way for what scripts ask most often.
if (process.argv[2] === "--version" || process.argv[2] === "-V")
  process.stdout.write(`${packageJson.version}\n`);
// The built name: this file is built apart, as CommonJS, which starts faster.
else import("./start.mjs" as string).then(({ start }) => start());
