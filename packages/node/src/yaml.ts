/** YAML as JSON has it: no aliases that explode, no duplicate keys, no tags. The library is loaded when first needed. */

import { type ErrorCode, fail } from "@countersign/core";

/** @throws `code` — with line and column */
export async function parseYaml(text: string, code: ErrorCode, where: string): Promise<unknown> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text, {
    schema: "core",
    uniqueKeys: true,
    stringKeys: true,
    version: "1.2",
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) return fail(code, `${where}: ${problem.message.split("\n")[0]}`, { where });
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    return fail(code, `${where}: aliases are not allowed`, { cause, where });
  }
}
