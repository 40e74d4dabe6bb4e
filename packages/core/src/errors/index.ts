/** The errors' one door for the rest of core. */

export { CountersignError, type ErrorOptions, fail, isCountersignError } from "./error.ts";
export { type ErrorCode, type ErrorEntry, errorTable } from "./table.ts";
