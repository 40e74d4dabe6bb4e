/** The generated pages and schemas are those of the code as it is. */

import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { generateDocs } from "../scripts/generated-docs.ts";

const docs = resolve(import.meta.dirname, "../apps/docs");
const generated = await generateDocs();

test.each([...generated])("apps/docs/%s is up to date (npm run docs:generate)", async (path, text) => {
  expect(await readFile(join(docs, path), "utf8")).toBe(text);
});
