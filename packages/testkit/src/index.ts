/** @countersign/testkit: conformance cases for adapters, adapters in memory, and adapters that break on purpose. */

export { type BrokenForge, brokenForges } from "./broken-forges.ts";
export { type BrokenLog, brokenLogs } from "./broken-logs.ts";
export { type BrokenScheme, brokenSchemes } from "./broken-schemes.ts";
export { type ConformanceCase, ConformanceError } from "./conformance-case.ts";
export { forgeCases } from "./forge-cases.ts";
export type { ForgeFixture } from "./forge-fixture.ts";
export { type LogFixture, logCases } from "./log-cases.ts";
export { memoryForge } from "./memory-forge.ts";
export { type MemoryLog, memoryLog } from "./memory-log.ts";
export { type SchemeFixture, schemeCases } from "./scheme-cases.ts";
export { toyScheme, toySigner } from "./toy-scheme.ts";
