/** A file of detached signatures: armored or binary, one or several. */

import { CountersignError, concatBytes, equalBytes, fail, printable, toHex } from "@countersign/core";
import type { SignaturePacket } from "openpgp";
import type { Obstacle } from "./algorithm.ts";
import { isArmored, parseArmor } from "./armor.ts";
import type { Library } from "./library.ts";
import { packetTag, parsePackets } from "./packets.ts";

/** Bytes of a signature file, at most. */
export const maxSignatureSize: number = 256 << 10;
/** Signatures in a file, at most: the message is read once for each that a given key may have made. */
export const maxSignatures = 16;

/** One signature of the file: readable, or why not. */
export type ParsedSignature =
  | { readonly packet: SignaturePacket; readonly obstacle?: Obstacle }
  | { readonly packet?: undefined; readonly obstacle: Obstacle };

/** Subpackets that may stand outside what is signed: issuer, issuer fingerprint, the signer's key block. */
const unsignedSubpackets: ReadonlySet<number> = new Set([16, 33, 38]);

/**
 * Every signature of the file, in order; at least one.
 * @throws SIGNATURE_MALFORMED — not a file of signatures
 */
export function parseSignatureFile(library: Library, bytes: Uint8Array): readonly ParsedSignature[] {
  if (bytes.length > maxSignatureSize)
    fail(
      "SIGNATURE_MALFORMED",
      `expected at most ${maxSignatureSize} bytes of signatures, found ${bytes.length}`,
    );
  const packets = parsePackets(isArmored(bytes) ? dearmor(bytes) : bytes, "SIGNATURE_MALFORMED").filter(
    ({ tag }) => tag !== packetTag.marker,
  );
  if (packets.length === 0) fail("SIGNATURE_MALFORMED", "expected a signature, found none");
  if (packets.length > maxSignatures)
    fail("SIGNATURE_MALFORMED", `expected at most ${maxSignatures} signatures, found ${packets.length}`);
  const other = packets.find(({ tag }) => tag !== packetTag.signature);
  if (other) fail("SIGNATURE_MALFORMED", `expected signatures only, found a packet of kind ${other.tag}`);
  return packets.map(({ body }) => parseSignature(library, body));
}

function dearmor(bytes: Uint8Array): Uint8Array {
  const blocks = parseArmor(bytes, "SIGNATURE_MALFORMED");
  const other = blocks.find(({ label }) => label !== "SIGNATURE");
  if (other)
    fail(
      "SIGNATURE_MALFORMED",
      `expected a detached signature, found a block of PGP ${printable(other.label, 40)}`,
    );
  return concatBytes(...blocks.map((block) => block.bytes));
}

function parseSignature(library: Library, body: Uint8Array): ParsedSignature {
  const version = body[0];
  if (version !== 4 && version !== 6)
    return {
      obstacle: {
        code: "SIGNATURE_UNJUDGED",
        reason: `the signature is of version ${version}; only versions 4 and 6 can be judged here`,
      },
    };
  const packet = new library.SignaturePacket();
  try {
    packet.read(body);
    const obstacle = strictness(packet, body);
    return obstacle ? { packet, obstacle } : { packet };
  } catch (error) {
    // An algorithm that the library does not know has parameters that it cannot read.
    const known = Object.values<unknown>(library.enums.publicKey).includes(body[2]);
    const reason = error instanceof Error ? printable(error.message) : "unreadable";
    return {
      obstacle: known
        ? { code: "SIGNATURE_MALFORMED", reason: `the signature packet cannot be read: ${reason}` }
        : { code: "SIGNATURE_UNJUDGED", reason: `the signature's algorithm ${body[2]} is unknown here` },
    };
  }
}

/** One signature has one form: nobody may change a byte of it and have it still count. */
function strictness(packet: SignaturePacket, body: Uint8Array): Obstacle | undefined {
  const stray = packet.unhashedSubpackets.find(
    ({ type, critical }) => critical || !unsignedSubpackets.has(type),
  );
  if (stray)
    return {
      code: "SIGNATURE_UNJUDGED",
      reason: `subpacket ${stray.type} stands outside the signed part, where it means nothing`,
    };
  return equalBytes(packet.write(), body)
    ? undefined
    : { code: "SIGNATURE_MALFORMED", reason: "the signature's numbers are not in their normal form" };
}

/** Lower-case hex: the fingerprint that the signature names, else its key id; undefined when it names none. */
export function issuerOf(packet: SignaturePacket): string | undefined {
  if (packet.issuerFingerprint) return toHex(packet.issuerFingerprint);
  const id = packet.issuerKeyID.toHex();
  return /^0*$/.test(id) ? undefined : id;
}

/** The obstacle in an error of ours. */
export function obstacleOf(error: unknown): Obstacle | undefined {
  return error instanceof CountersignError ? { code: error.code, reason: error.message } : undefined;
}
