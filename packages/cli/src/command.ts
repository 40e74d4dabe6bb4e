/** A command as data: what it is called with, what it runs, how its result looks. Only `bin.ts` touches the process. */

import type { CountersignError, OnProgress } from "@countersign/core";
import type { Look } from "./look.ts";

export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** What the value is, in capitals: FILE. */
  readonly value?: string;
  readonly summary: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The world of a run. */
export interface Context {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Asks a person for yes or no; false where nobody is there. */
  ask(question: string): Promise<boolean>;
  /** A line for the person while the command runs; to stderr. */
  note(line: string): void;
}

export interface Call {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly context: Context;
}

export interface Outcome<R> {
  /** What `--format json` prints; stable. */
  readonly result: R;
  /** 0 unless something was checked and does not hold. */
  readonly exit?: 0 | 1 | 2 | 3;
  /** Why not 0. */
  readonly error?: CountersignError | undefined;
}

export interface Command<R> {
  readonly summary: string;
  /** Each form, without the program's name. */
  readonly usage: readonly string[];
  /** Fewest and most positional arguments. */
  readonly arity: readonly [number, number];
  readonly options: OptionSpecs;
  readonly examples: readonly string[];
  /** Longer help: what it checks, what it does not. */
  readonly details?: string;
  run(call: Call): Promise<Outcome<R>>;
  /** Lines for a person; pure. */
  render(result: R, look: Look): string;
}

/** Gives a command its result's type and forgets it for the registry. */
export function defineCommand<R>(command: Command<R>): Command<unknown> {
  return command as Command<unknown>;
}

export function optionText(call: Call, name: string): string | undefined {
  const value = call.options[name];
  return typeof value === "string" ? value : undefined;
}

export function optionTexts(call: Call, name: string): readonly string[] {
  const value = call.options[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

export function optionFlag(call: Call, name: string): boolean {
  return call.options[name] === true;
}
