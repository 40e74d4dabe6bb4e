import { describe, expect, test } from "vitest";
import { brokenLogs, logCases, memoryLog } from "../src/index.ts";

const cases = logCases({ make: () => memoryLog() });

describe("memoryLog keeps the contract", () => {
  for (const one of cases) test(one.name, () => one.run());
});

describe("every case can fail", () => {
  test("each has a log that it catches", () => {
    expect(brokenLogs.map(({ caughtBy }) => caughtBy).sort()).toEqual(cases.map(({ name }) => name).sort());
  });

  for (const { fault, caughtBy, make } of brokenLogs)
    test(`a log that ${fault}: ${caughtBy}`, async () => {
      const found = logCases({ make }).find(({ name }) => name === caughtBy);
      await expect(found?.run()).rejects.toThrow(expect.objectContaining({ name: "ConformanceError" }));
    });
});
