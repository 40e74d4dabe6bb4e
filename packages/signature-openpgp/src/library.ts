/** The `openpgp` library, loaded on first use (importing it costs 30 ms) and with settings of our own. */

import type * as Openpgp from "openpgp";

export type Library = typeof Openpgp;
export type KeyPacket =
  | Openpgp.PublicKeyPacket
  | Openpgp.PublicSubkeyPacket
  | Openpgp.SecretKeyPacket
  | Openpgp.SecretSubkeyPacket;

/** `openpgp`, imported once. */
export function loadLibrary(): Promise<Library> {
  return import("openpgp");
}

/**
 * Settings for checking. Copied, so that what another user of the library sets globally cannot weaken us.
 *
 * MD5 and RIPEMD-160 are refused everywhere; SHA-1 only over messages: self-signatures of honest old keys carry it,
 * and who could choose both colliding texts of a self-signature holds the key already.
 */
export function checkConfig(library: Library): Openpgp.Config {
  const { md5, ripemd, sha1 } = library.enums.hash;
  return {
    ...library.config,
    rejectHashAlgorithms: new Set([md5, ripemd]),
    rejectMessageHashAlgorithms: new Set([md5, ripemd, sha1]),
    rejectPublicKeyAlgorithms: new Set(),
    rejectCurves: new Set(),
    knownNotations: [],
    ignoreUnsupportedPackets: true,
    ignoreMalformedPackets: false,
    additionalAllowedPackets: [],
    enableParsingV5Entities: false,
    showComment: false,
    showVersion: false,
  };
}
