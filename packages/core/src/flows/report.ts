/** What a verification found: every check, with whose word it adds. */

import type { ErrorCode } from "../errors/index.ts";
import type { Ignored } from "../formats/bundle.ts";

/** A link of the chain, from the artifact back to the tag. */
export type Link = "artifact" | "manifest" | "statement" | "project" | "release" | "record" | "tag" | "tree";

export interface Check {
  readonly link: Link;
  readonly ok: boolean;
  /** What was checked, or what is wrong; one line, fit for a terminal. */
  readonly message: string;
  /** Whose word it adds: a signer, a log, or "arithmetic" where nobody is believed. */
  readonly word: string;
  /** Set when it does not hold. */
  readonly code?: ErrorCode;
}

export interface ArtifactReport {
  readonly name: string;
  /** Bytes, as the statement says. */
  readonly size: number;
  readonly sha256: string;
  /** `verified`: its bytes were here and fit · `absent`: no file was given · `failed`. */
  readonly state: "verified" | "absent" | "failed";
}

export interface Report {
  readonly verified: boolean;
  /** The most telling finding against it; absent when verified. */
  readonly code?: ErrorCode;
  /** Unverified claims when `verified` is false. */
  readonly project?: string;
  readonly version?: string;
  readonly checks: readonly Check[];
  readonly artifacts: readonly ArtifactReport[];
  /** Names of the signers that count, by role. */
  readonly signers: { readonly tag: readonly string[]; readonly release: readonly string[] };
  /** Where it is recorded. */
  readonly records: readonly { readonly origin: string; readonly index: number; readonly size: number }[];
  /** Who could still sign, in words; absent when nobody is missing. */
  readonly missing?: string;
  /** Evidence that changed nothing, and why. */
  readonly ignored: readonly Ignored[];
  /** What was not checked, in words. */
  readonly notChecked: readonly string[];
}
