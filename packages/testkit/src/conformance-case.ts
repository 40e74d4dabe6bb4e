/** A conformance case: data with no test runner in it. `for (const c of forgeCases({ make })) test(c.name, c.run)`. */

import { type ErrorCode, isCountersignError, printable } from "@countersign/core";

export interface ConformanceCase {
  readonly name: string;
  /** The sentence of the port's contract that it checks. */
  readonly clause: string;
  /** Capabilities that the adapter must declare; without them `run` has nothing to check and returns. */
  readonly needs?: readonly string[];
  /** Rejects with a ConformanceError when the adapter breaks the clause. */
  run(): Promise<void>;
}

/** An adapter does not keep its port's contract. */
export class ConformanceError extends Error {
  override readonly name = "ConformanceError";
}

interface Closable {
  readonly close?: () => Promise<void>;
}

/**
 * A case that makes a fixture of its own and closes it. Where the fixture does not have what the case needs, there is
 * nothing to check.
 */
export function caseOn<F extends Closable>(
  {
    name,
    clause,
    needs,
    run,
  }: Omit<ConformanceCase, "run"> & { readonly run: (fixture: F) => Promise<void> },
  make: () => Promise<F>,
  has: (fixture: F, need: string) => boolean,
): ConformanceCase {
  return {
    name,
    clause,
    ...(needs && { needs }),
    async run() {
      const fixture = await make();
      try {
        if (needs?.every((need) => has(fixture, need)) ?? true) await run(fixture);
      } catch (cause) {
        if (cause instanceof ConformanceError) throw cause;
        throw new ConformanceError(`expected no error, found ${printable(String(cause))}`, { cause });
      } finally {
        await fixture.close?.();
      }
    },
  };
}

/** @throws ConformanceError — `holds` is false */
export function check(holds: boolean, expected: string): asserts holds {
  if (!holds) throw new ConformanceError(`expected ${expected}`);
}

/** Compares by JSON. @throws ConformanceError */
export function checkEqual(found: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new ConformanceError(`${what}: expected ${right}, found ${left}`);
}

/** @throws ConformanceError — the work succeeds, or fails with another code */
export async function checkFails(
  work: () => unknown,
  codes: readonly ErrorCode[],
  what: string,
): Promise<void> {
  const outcome = await attempt(work);
  if (outcome.error === undefined)
    throw new ConformanceError(`${what}: expected ${codes.join(" or ")}, it succeeded`);
  if (codes.length > 0 && !(isCountersignError(outcome.error) && codes.includes(outcome.error.code)))
    throw new ConformanceError(
      `${what}: expected ${codes.join(" or ")}, found ${printable(String(outcome.error))}`,
    );
}

/** What the work throws, at once or later. */
export async function attempt(work: () => unknown): Promise<{ readonly error?: unknown }> {
  try {
    await work();
    return {};
  } catch (error) {
    return { error: error ?? new Error("nothing was thrown") };
  }
}
