/** From strict JSON to a typed value, by a schema; says where it does not fit. */

import * as v from "valibot";
import { type ErrorCode, fail } from "../errors/index.ts";
import { plainText } from "./names.ts";

/**
 * @param code the error of this format
 * @throws `code` — with the path of the first field that does not fit
 */
export function fit<T>(
  schema: v.GenericSchema<unknown, T>,
  value: unknown,
  code: ErrorCode,
  where: string,
): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue) ?? "the document";
  return fail(code, `${where}: ${plainText(path)}: ${plainText(issue.message)}`, { where });
}

/** 64 lower-case hex digits. */
export const sha256Schema: v.GenericSchema<string, string> = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hex digits"),
);
/** 40 (SHA-1) or 64 (SHA-256) lower-case hex digits. */
export const gitIdSchema: v.GenericSchema<string, string> = v.pipe(
  v.string(),
  v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "expected 40 or 64 lower-case hex digits"),
);
/** A whole number, 0 to 2^53−1. */
export const countSchema: v.GenericSchema<number, number> = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(0),
);
/** One line of text without control characters. */
export const lineSchema = (limit: number): v.GenericSchema<string, string> =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(limit),
    v.regex(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/u, "expected one line without control characters"),
  );
/** A URI that names a project: absolute, no spaces, no credentials, no query or fragment. */
export const projectSchema: v.GenericSchema<string, string> = v.pipe(
  v.string(),
  v.maxLength(500),
  v.regex(
    /^[a-z][a-z0-9+.-]*:[A-Za-z0-9\-._~:/@!$&'()*+,;=%]+$/,
    "expected an absolute URI without query or fragment",
  ),
);
/** What a release is called: begins with a letter or digit, no `..`; goes into file names. */
export const versionSchema: v.GenericSchema<string, string> = v.pipe(
  v.string(),
  v.maxLength(100),
  v.regex(/^[A-Za-z0-9](?:(?!\.\.)[A-Za-z0-9._+~-])*$/, "expected letters, digits and . _ + ~ -"),
);
