/** The contract of `Forge` and `WritableForge`, case by case. */

import type { ForgeCapabilities } from "@countersign/core";
import { type ConformanceCase, caseOn } from "./conformance-case.ts";
import type { ForgeFixture, ForgeRun } from "./forge-fixture.ts";
import { readingCases } from "./forge-reading-cases.ts";
import { writingCases } from "./forge-writing-cases.ts";

export interface ForgeCase {
  readonly name: string;
  readonly clause: string;
  readonly needs?: readonly (keyof ForgeCapabilities)[];
  readonly run: ForgeRun;
}

/**
 * Every case makes a fixture of its own. A case whose `needs` the adapter does not declare passes without a look.
 * @param options.make an adapter with an empty place
 */
export function forgeCases({
  make,
}: {
  readonly make: () => Promise<ForgeFixture>;
}): readonly ConformanceCase[] {
  const has = ({ forge }: ForgeFixture, need: string): boolean => Reflect.get(forge.supports, need) === true;
  return [...readingCases, ...writingCases].map((one) => caseOn(one, make, has));
}
