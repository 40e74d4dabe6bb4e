/** Which algorithms count: an allow-list, asked before anything is computed. */

import { type ErrorCode, printable } from "@countersign/core";
import type { SignaturePacket } from "openpgp";
import type { KeyPacket, Library } from "./library.ts";

/** Why something cannot be judged. */
export interface Obstacle {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Smallest RSA modulus that counts, in bits. */
export const minRsaBits = 2048;

const curves: ReadonlySet<string> = new Set(["nistP256", "nistP384", "nistP521"]);

/** Why signatures by this key do not count, or undefined when they do. */
export function keyObstacle(library: Library, packet: KeyPacket): Obstacle | undefined {
  const { publicKey } = library.enums;
  const info = packet.getAlgorithmInfo();
  switch (packet.algorithm) {
    case publicKey.rsaEncryptSign:
    case publicKey.rsaSign:
      return (info.bits ?? 0) >= minRsaBits
        ? undefined
        : { code: "KEY_WEAK", reason: `the key is RSA with ${info.bits} bits, fewer than ${minRsaBits}` };
    case publicKey.ecdsa:
      return curves.has(info.curve ?? "") ? undefined : unsupported(`ECDSA on ${info.curve}`);
    case publicKey.eddsaLegacy:
      return info.curve === "ed25519Legacy" ? undefined : unsupported(`EdDSA on ${info.curve}`);
    case publicKey.ed25519:
    case publicKey.ed448:
      return undefined;
    default:
      return unsupported(info.algorithm);
  }
}

/** Why a digest does not count, or undefined when it does. */
export function hashObstacle(library: Library, hash: number | null): Obstacle | undefined {
  const { md5, ripemd, sha1, sha224, sha256, sha384, sha512, sha3_256, sha3_512 } = library.enums.hash;
  const good: readonly (number | null)[] = [sha224, sha256, sha384, sha512, sha3_256, sha3_512];
  if (good.includes(hash)) return undefined;
  const weak: readonly (readonly [number, string])[] = [
    [md5, "MD5"],
    [ripemd, "RIPEMD-160"],
    [sha1, "SHA-1"],
  ];
  const name = weak.find(([id]) => id === hash)?.[1];
  return name === undefined
    ? { code: "SIGNATURE_UNJUDGED", reason: `the signature's digest algorithm ${hash} is unknown here` }
    : { code: "KEY_WEAK", reason: `the signature's digest is ${name}, which can be forged` };
}

/** A part of the signature that asks not to be ignored, and that nobody here understands. RFC 9580 §5.2.3.7 */
export function criticalObstacle(signature: SignaturePacket): Obstacle | undefined {
  const subpacket = signature.unknownSubpackets.find(({ critical }) => critical);
  if (subpacket)
    return {
      code: "SIGNATURE_UNJUDGED",
      reason: `unknown critical subpacket ${subpacket.type} in the signature`,
    };
  const notation = signature.rawNotations.find(({ critical }) => critical);
  return notation
    ? {
        code: "SIGNATURE_UNJUDGED",
        reason: `unknown critical notation ${printable(notation.name)} in the signature`,
      }
    : undefined;
}

function unsupported(what: string): Obstacle {
  return { code: "SIGNATURE_UNJUDGED", reason: `the key's algorithm cannot be judged here: ${what}` };
}
