/**
 * Strict JSON (RFC 8259) for evidence: no duplicate keys (two readers would see two documents), limits on size and depth,
 * objects without a prototype, integers exact. JSON.parse is laxer on each count.
 */

import { fail } from "../errors/index.ts";
import { decodeUtf8 } from "./bytes.ts";
import { printable } from "./names.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// Pieces of a string's body. One expression for all of it would need stack for each character of a long one.
const plainRun = /[^"\\\u0000-\u001f]+/y;
const escapePair = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const space = /[ \t\n\r]*/y;
const maxDepth = 32;

/**
 * @param limit bytes at most
 * @throws FILE_TOO_LARGE · UTF8_MALFORMED · JSON_MALFORMED — with line and column
 */
export function parseJson(bytes: Uint8Array, limit: number, where: string): Json {
  if (bytes.length > limit)
    fail("FILE_TOO_LARGE", `${where} has ${bytes.length} bytes, more than ${limit}`, { where });
  const text = decodeUtf8(bytes, where);
  let at = 0;

  const refuse = (what: string): never => {
    const before = text.slice(0, at).split("\n");
    return fail(
      "JSON_MALFORMED",
      `${where}: ${what} at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`,
      { where },
    );
  };
  const skip = (): void => {
    space.lastIndex = at;
    space.test(text);
    at = space.lastIndex;
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const takeString = (): string | undefined => {
    if (text[at] !== '"') return undefined;
    const begin = at++;
    let escaped = false;
    while (text[at] !== '"') {
      if (take(plainRun) !== undefined) continue;
      if (take(escapePair) === undefined) return undefined;
      escaped = true;
    }
    const found = text.slice(begin, ++at);
    return escaped ? (JSON.parse(found) as string) : found.slice(1, -1);
  };
  const expect = (character: string): void => {
    skip();
    if (text[at] !== character) refuse(`expected ${character}`);
    at++;
  };

  const value = (depth: number): Json => {
    if (depth > maxDepth) refuse(`more than ${maxDepth} levels`);
    skip();
    switch (text[at]) {
      case "{":
        return object(depth);
      case "[":
        return array(depth);
      case '"':
        return takeString() ?? refuse("a string that is not JSON's");
      default: {
        for (const [word, meaning] of [
          ["true", true],
          ["false", false],
          ["null", null],
        ] as const)
          if (text.startsWith(word, at)) {
            at += word.length;
            return meaning;
          }
        const digits = take(number);
        if (digits === undefined) return refuse("expected a value");
        const parsed = Number(digits);
        if (!Number.isFinite(parsed) || (Number.isInteger(parsed) && !Number.isSafeInteger(parsed)))
          refuse("a number that cannot be held exactly");
        return parsed;
      }
    }
  };
  const object = (depth: number): Json => {
    const result: { [key: string]: Json } = Object.create(null);
    at++;
    skip();
    if (text[at] === "}") {
      at++;
      return result;
    }
    for (;;) {
      skip();
      const key = takeString() ?? refuse("expected a key in quotes");
      if (key in result) refuse(`the key ${printable(key, 80)} for the second time`);
      expect(":");
      result[key] = value(depth + 1);
      skip();
      if (text[at] === "}") break;
      expect(",");
    }
    at++;
    return result;
  };
  const array = (depth: number): Json => {
    const result: Json[] = [];
    at++;
    skip();
    if (text[at] === "]") {
      at++;
      return result;
    }
    for (;;) {
      result.push(value(depth + 1));
      skip();
      if (text[at] === "]") break;
      expect(",");
    }
    at++;
    return result;
  };

  const result = value(0);
  skip();
  if (at !== text.length) refuse("something after the end");
  return result;
}
