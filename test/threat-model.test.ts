/** The threat model names a test for each attack; the tests are there, under the names that it gives. */

import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { errorTable } from "@countersign/core";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const page = await readFile(join(root, "apps/docs/threat-model.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (?:attack|---)/.test(line))
  .map((line) => line.slice(2, -2).split(" | "));

test("there are rows", () => {
  expect(rows.length).toBeGreaterThan(40);
});

describe("each attack has its test:", () => {
  test.each(rows.map(([attack = "", , codes = "", where = ""]) => ({ attack, codes, where })))(
    "$attack",
    async ({ codes, where }) => {
      const [, file = "", title = "?"] = /^`([^`]+\.test\.ts)`: \*(.+?)\*/.exec(where) ?? [];
      expect(await readFile(join(root, file), "utf8")).toContain(title);
      for (const [, code = ""] of codes.matchAll(/`([^`]+)`/g)) expect(errorTable).toHaveProperty(code);
    },
  );
});
