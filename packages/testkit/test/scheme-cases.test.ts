import { describe, expect, test } from "vitest";
import { brokenSchemes, type SchemeFixture, schemeCases, toyScheme, toySigner } from "../src/index.ts";

const make = async (): Promise<SchemeFixture> => {
  const [mine, other] = [await toySigner(1), await toySigner(2)];
  return {
    scheme: toyScheme,
    signer: mine.signer,
    keys: mine.publicKey,
    otherKeys: other.publicKey,
    purposes: true,
  };
};
const cases = schemeCases({ make });

describe("toyScheme keeps the contract", () => {
  for (const one of cases) test(one.name, () => one.run());
});

describe("every case can fail", () => {
  test("each has a scheme that it catches", () => {
    expect(brokenSchemes.map(({ caughtBy }) => caughtBy).sort()).toEqual(
      cases.map(({ name }) => name).sort(),
    );
  });

  for (const { fault, caughtBy, break: damage } of brokenSchemes)
    test(`a scheme that ${fault}: ${caughtBy}`, async () => {
      const broken = async (): Promise<SchemeFixture> => ({ ...(await make()), scheme: damage(toyScheme) });
      const found = schemeCases({ make: broken }).find(({ name }) => name === caughtBy);
      await expect(found?.run()).rejects.toThrow(expect.objectContaining({ name: "ConformanceError" }));
    });
});
