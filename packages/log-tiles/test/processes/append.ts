/**
 * A writer as a process: `append DIRECTORY KEY RECORD…`. Prints a line for each record once it is acknowledged.
 * KILL_AT=N kills it (SIGKILL) at its N-th step that changes the directory; see crashing-fs.ts.
 */

import { writeSync } from "node:fs";
import { utf8 } from "@countersign/core";
import { directoryLogWriter } from "../../src/index.ts";

const [directory = "", key = "", ...records] = process.argv.slice(2);
const writer = await directoryLogWriter({ directory, key, waitMs: 30_000 });
for (const record of records) {
  await writer.append(utf8(record));
  writeSync(1, `${record}\n`);
}
