/** The adapters that come with the house. Libraries behind them are loaded when they are first needed. */

import type { Decompressors, Scheme } from "@countersign/core";
import { openpgpScheme } from "@countersign/signature-openpgp";
import { sshScheme } from "@countersign/signature-ssh";
import { decompressors } from "./decompress.ts";

/** Signature schemes and decompressors: what `parsePolicy` and `verifyRelease` ask for. */
export const adapters: { readonly schemes: readonly Scheme[]; readonly decompressors: Decompressors } = {
  schemes: [openpgpScheme(), sshScheme()],
  decompressors: decompressors(process.env.PATH),
};
