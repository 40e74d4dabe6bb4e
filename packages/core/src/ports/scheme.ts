/** One signature scheme: OpenPGP, SSH … An adapter reports facts; core alone applies time and policy. */

import type { ErrorCode } from "../errors/table.ts";
import type { Source } from "./source.ts";

/** What a signature was made for. A scheme with namespaces (SSH) uses another one for each. */
export type Purpose = "release" | "rebuild" | "tag" | "file";

export interface Key {
  readonly scheme: string;
  /** Stable name of the key: OpenPGP fingerprint in lower-case hex, SSH `SHA256:…`. Two keys are the same if it is equal. */
  readonly id: string;
  /** Claims of the key about its holder (user ids, comments); never trusted. */
  readonly labels: readonly string[];
  /** The adapter's own form. */
  readonly native: unknown;
}

/** When a key was good, as the key itself says. Core compares it with the time of signing. */
export interface KeyValidity {
  readonly from?: Date;
  readonly until?: Date;
  readonly revoked?: {
    readonly reason: "unspecified" | "superseded" | "compromised" | "retired";
    readonly at?: Date;
  };
}

export interface SignatureFacts {
  readonly outcome: "good" | "bad" | "cannot-judge";
  /** For `bad` and `cannot-judge`: why. */
  readonly code?: ErrorCode;
  /** The same in words. */
  readonly reason?: string;
  /** `Key.id` of the given key that made it; absent when none of them did. */
  readonly key?: string;
  /** Fingerprint of the (sub)key that made it, or what the signature says of it; for display. */
  readonly fingerprint?: string;
  /** When the signer says it was made. Nobody else vouches for it. */
  readonly claimedTime?: Date;
  /** When the signature itself stops to count, if it says so. */
  readonly expires?: Date;
  readonly validity?: KeyValidity;
}

export interface CheckOptions {
  readonly purpose: Purpose;
  readonly signal?: AbortSignal | undefined;
}

export interface Scheme {
  /** "openpgp", "ssh". Also the word in a policy. */
  readonly name: string;
  /** Endings of signature files, with the dot: [".asc", ".sig"]. */
  readonly extensions: readonly string[];
  /** Do these bytes look like a signature of this scheme? Cheap, and never throws. */
  recognises(signature: Uint8Array): boolean;
  /**
   * All keys in `bytes`; at least one.
   * @throws KEY_MALFORMED — no key could be read; the message says why
   */
  parseKeys(bytes: Uint8Array): Promise<readonly Key[]>;
  /**
   * What `signature` says of `message`: one entry for each signature in the file, at least one.
   * Never throws for bad input: that is an outcome. Streams the message; memory does not grow with it.
   */
  check(
    message: Source,
    signature: Uint8Array,
    keys: readonly Key[],
    options: CheckOptions,
  ): Promise<readonly SignatureFacts[]>;
}

export interface Signature {
  readonly scheme: string;
  /** Ending of the file, with the dot. */
  readonly extension: string;
  readonly bytes: Uint8Array;
}

/** Makes signatures with one key. What it holds is secret: it is never printed, logged or serialised. */
export interface Signer {
  readonly scheme: string;
  /** Fingerprint for display. */
  readonly fingerprint: string;
  /** The public key, in a form that the scheme's `parseKeys` reads, where the signer can give it. Public. */
  publicKey?(): Promise<Uint8Array>;
  /** True if a person must act (touch, PIN) for each signature. */
  readonly interactive: boolean;
  /**
   * @throws KEY_LOCKED — a passphrase is missing or wrong
   * @throws SIGNER_FAILED — the program or agent refused
   */
  sign(
    message: Source,
    options: {
      readonly purpose: Purpose;
      readonly armor?: boolean;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Signature>;
}
