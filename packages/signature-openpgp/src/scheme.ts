/** OpenPGP as a scheme: detached signatures, RFC 4880 and RFC 9580. */

import type { Scheme } from "@countersign/core";
import { checkSignatures } from "./check.ts";
import { parseKeyring } from "./keyring.ts";

const armorLine = "-----BEGIN PGP SIGNATURE-----";

/**
 * The scheme "openpgp". It reports what holds by cryptography and structure; whether a key had expired or was
 * revoked at the time of signing is core's to say, from `validity`, `expires` and `claimedTime`.
 */
export function openpgpScheme(): Scheme {
  return {
    name: "openpgp",
    extensions: [".asc", ".sig"],
    recognises: looksLikeSignature,
    parseKeys: parseKeyring,
    check: checkSignatures,
  };
}

function looksLikeSignature(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  // A signature packet: tag 2 in the old format (any length but indeterminate), or in the new one.
  if ((first & 0xfc) === 0x88 || first === 0xc2) return first !== 0x8b;
  return new TextDecoder("latin1").decode(bytes.subarray(0, 4096)).includes(armorLine);
}
