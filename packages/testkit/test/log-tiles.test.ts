import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryLogReader, directoryLogWriter, initLog } from "@countersign/log-tiles";
import { describe, test } from "vitest";
import { type LogFixture, logCases } from "../src/index.ts";

const open = async (directory: string, key: string): Promise<LogFixture> => ({
  writer: await directoryLogWriter({ directory, key }),
  reader: directoryLogReader(directory),
  reopen: () => open(directory, key),
});

const make = async (): Promise<LogFixture> => {
  const directory = await mkdtemp(join(tmpdir(), "log-"));
  const { key } = await initLog({ directory: join(directory, "log"), origin: "example.org/log" });
  return {
    ...(await open(join(directory, "log"), key)),
    close: () => rm(directory, { recursive: true }),
  };
};

describe("a log of tiles in a directory keeps the contract", () => {
  for (const one of logCases({ make })) test(one.name, () => one.run());
});
