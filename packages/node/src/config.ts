/** The project's settings, `countersign.yaml`: data, never code. Nothing in it is trusted for verifying. */

import { dirname, resolve } from "node:path";
import {
  CountersignError,
  decodeUtf8,
  fail,
  isCountersignError,
  plainText,
  printable,
} from "@countersign/core";
import * as v from "valibot";
import { readSmallFile } from "./files.ts";
import { parseYaml } from "./yaml.ts";

export const configName = "countersign.yaml";

export interface Config {
  /** The URI of the project. */
  readonly project?: string | undefined;
  /** Short name: release files begin with it. */
  readonly name?: string | undefined;
  /** How tags are named: `v{version}`. */
  readonly tag?: string | undefined;
  /** Formats to pack. */
  readonly formats?: readonly ("tar" | "tar.gz" | "tar.xz")[] | undefined;
  /** Locators to stage to. */
  readonly forges?: readonly string[] | undefined;
  /** The log that the gate writes, and the file with its key. */
  readonly log?: { readonly directory: string; readonly key?: string | undefined } | undefined;
}

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
/** Its JSON Schema is published. */
export const configSchema: v.GenericSchema<unknown, Config & { countersign: "config/v1" }> = v.strictObject({
  $schema: v.optional(v.string()),
  countersign: v.literal("config/v1"),
  project: v.optional(text),
  name: v.optional(text),
  tag: v.optional(v.pipe(text, v.includes("{version}", "expected {version} in it"))),
  formats: v.optional(v.pipe(v.array(v.picklist(["tar", "tar.gz", "tar.xz"])), v.minLength(1))),
  forges: v.optional(v.array(text)),
  log: v.optional(v.strictObject({ directory: text, key: v.optional(text) })),
});

/**
 * Reads the settings of a directory; none where there is no file. Paths in it are made absolute.
 * @throws CONFIG_MALFORMED
 */
export async function readConfig(directory: string): Promise<Config> {
  const path = resolve(directory, configName);
  let bytes: Uint8Array;
  try {
    bytes = await readSmallFile(path, 1 << 20);
  } catch (error) {
    if (
      isCountersignError(error) &&
      error.code === "FILE_UNREADABLE" &&
      (error.cause as NodeJS.ErrnoException)?.code === "ENOENT"
    )
      return {};
    throw error;
  }
  const value = await parseYaml(decodeUtf8(bytes, path), "CONFIG_MALFORMED", path);
  const result = v.safeParse(configSchema, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    return fail(
      "CONFIG_MALFORMED",
      `${path}: ${plainText(v.getDotPath(issue) ?? "the document")}: ${plainText(issue.message)}`,
      { where: path },
    );
  }
  const { log } = result.output;
  const base = dirname(path);
  return {
    ...result.output,
    ...(log && {
      log: {
        directory: resolve(base, log.directory),
        key: log.key === undefined ? undefined : resolve(base, log.key),
      },
    }),
  };
}

/**
 * The version that a tag names: by the pattern, else without a leading `v` or the project's name.
 * @throws USAGE — the tag does not follow the pattern
 */
export function versionOfTag(tag: string, name: string, pattern?: string): string {
  if (pattern === undefined) {
    const bare = tag.startsWith(`${name}-`) ? tag.slice(name.length + 1) : tag;
    return bare.replace(/^v(?=\d)/, "");
  }
  const [before = "", after = ""] = pattern.split("{version}");
  if (!tag.startsWith(before) || !tag.endsWith(after) || tag.length <= before.length + after.length)
    throw new CountersignError(
      "USAGE",
      `the tag ${printable(tag)} does not follow the pattern ${pattern} of ${configName}`,
    );
  return tag.slice(before.length, tag.length - after.length);
}
