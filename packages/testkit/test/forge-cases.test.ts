import { describe, expect, test } from "vitest";
import { brokenForges, type ForgeFixture, forgeCases, memoryForge } from "../src/index.ts";

const make = async (): Promise<ForgeFixture> => ({
  forge: memoryForge(),
  place: { forge: "memory", base: "memory:shelf" },
  locator: (version) => (version === undefined ? "memory:shelf" : `memory:shelf@${version}`),
  malformed: ["memory:", "memory:shelf@", "memory:../shelf"],
});
const cases = forgeCases({ make });

describe("memoryForge keeps the contract", () => {
  for (const one of cases) test(one.name, () => one.run());
});

describe("every case can fail", () => {
  test("each has a forge that it catches, and a name of its own", () => {
    const names = cases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(brokenForges.map(({ caughtBy }) => caughtBy).sort()).toEqual([...names].sort());
  });

  for (const { fault, caughtBy, break: damage } of brokenForges)
    test(`a forge that ${fault}: ${caughtBy}`, async () => {
      const broken = async (): Promise<ForgeFixture> => ({ ...(await make()), forge: damage(memoryForge()) });
      const found = forgeCases({ make: broken }).find(({ name }) => name === caughtBy);
      await expect(found?.run()).rejects.toThrow(expect.objectContaining({ name: "ConformanceError" }));
    });
});

test("a case whose capability is not declared looks at nothing", async () => {
  const forge = memoryForge();
  const mute = { ...forge, supports: { ...forge.supports, ranges: false } };
  const found = forgeCases({ make: async () => ({ ...(await make()), forge: mute }) });
  const middle = found.find(({ needs }) => needs?.includes("ranges"));
  await expect(middle?.run()).resolves.toBeUndefined();
});
