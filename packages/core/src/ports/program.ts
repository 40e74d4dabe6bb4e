/** How an adapter starts a program, such as gpg: injected, because not every runtime can. */

import type { Source } from "./source.ts";

export interface ProgramRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** Written to its standard input; left out: nothing. */
  readonly input?: Source | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramResult {
  readonly exit: number;
  readonly output: Uint8Array;
  /** What it wrote to descriptor 3. */
  readonly status: string;
  readonly errors: string;
}

/**
 * No shell; all that the program says is bounded.
 * @throws TOOL_MISSING — there is no such program
 * @throws SIGNER_FAILED — it was killed, or says too much
 * @throws whatever reading the message throws
 */
export type RunProgram = (request: ProgramRequest) => Promise<ProgramResult>;
