import { describe, expect, test } from "vitest";
import { parseJson } from "../src/formats/json.ts";

const parse = (text: string) => parseJson(new TextEncoder().encode(text), 1000, "test");

describe("parseJson", () => {
  test.each(['{"a":[1,-2.5e3,true,false,null,"x\\n\\u00e9"]}', " [ ] ", "{}", '"ü"', "0"])(
    "agrees with JSON.parse on %s",
    (text) => {
      expect(JSON.parse(JSON.stringify(parse(text)))).toEqual(JSON.parse(text));
    },
  );

  test.each([
    ["a duplicate key", '{"a":1,"a":2}', "second time"],
    ["a duplicate key by escape", '{"a":1,"\\u0061":2}', "second time"],
    ["a trailing comma", "[1,]", "expected a value"],
    ["a second document", "{} {}", "after the end"],
    ["an inexact number", "9007199254740993", "exactly"],
    ["a control character", '"\u0001"', "a string"],
    ["an empty text", "", "expected a value"],
    ["a deep nest", "[".repeat(50), "levels"],
    ["a truncated text", '{"a":', "expected a value"],
  ])("refuses %s", (_, text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: "JSON_MALFORMED", message: expect.stringContaining(message) }),
    );
  });

  test("a string of megabytes needs no stack", () => {
    const long = `"${"a".repeat(8 << 20)}\\n"`;
    expect(parseJson(new TextEncoder().encode(long), 16 << 20, "test")).toHaveLength((8 << 20) + 1);
  });

  test("a key named __proto__ is a key like any other", () => {
    expect(Object.keys(parse('{"__proto__":{"x":1}}') as object)).toEqual(["__proto__"]);
  });

  test("refuses what is too large and what is not UTF-8", () => {
    expect(() => parse(`"${"x".repeat(1000)}"`)).toThrow(expect.objectContaining({ code: "FILE_TOO_LARGE" }));
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), 10, "test")).toThrow(
      expect.objectContaining({ code: "UTF8_MALFORMED" }),
    );
  });
});
