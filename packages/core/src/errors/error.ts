/** The one error class. Recognised by brand, so that two copies of core in one program agree. */

import { type ErrorCode, errorTable } from "./table.ts";

const brand: unique symbol = Symbol.for("@countersign/error") as never;

export interface ErrorOptions {
  /** The foreign error behind this one. */
  readonly cause?: unknown;
  /** The file, URL or field that it is about; shown beside the message. */
  readonly where?: string;
  /** Replaces the table's hint where more is known. */
  readonly hint?: string;
  /** Codes of the findings that led here, the most telling first. */
  readonly reasons?: readonly ErrorCode[];
}

/** An expected failure: a stable `code`, a message (what was expected, found, where) and a `hint` (what to do). */
export class CountersignError extends Error {
  readonly [brand] = true as const;
  override readonly name = "CountersignError";
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string;
  readonly reasons: readonly ErrorCode[];

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = options.where;
    this.hint = options.hint ?? errorTable[code].hint;
    this.reasons = options.reasons ?? [];
  }

  /** Exit status of the command line: 1 to 4. */
  get exit(): 1 | 2 | 3 | 4 {
    return errorTable[this.code].exit;
  }
}

/** Is `value` an error of Countersign's, whichever copy of core made it? */
export function isCountersignError(value: unknown): value is CountersignError {
  return typeof value === "object" && value !== null && brand in value;
}

/** Short for `throw new CountersignError(...)`, usable as an expression. */
export function fail(code: ErrorCode, message: string, options?: ErrorOptions): never {
  throw new CountersignError(code, message, options);
}
