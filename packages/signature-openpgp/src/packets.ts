/** The framing of packets: tags and lengths, both formats. RFC 9580 §4.2. */

import { fail } from "@countersign/core";

export interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
  /** Offset of the packet's header in the whole. */
  readonly start: number;
}

export const packetTag: Readonly<Record<"signature" | "secretKey" | "publicKey" | "marker", number>> = {
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  marker: 10,
};

/**
 * Cuts bytes into packets, to the last byte. Partial and indeterminate lengths are refused: only data has them.
 * @throws `code` — not a sequence of packets
 */
export function parsePackets(
  bytes: Uint8Array,
  code: "KEY_MALFORMED" | "SIGNATURE_MALFORMED",
): readonly Packet[] {
  const packets: Packet[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { tag, from, length } = parseHeader(bytes, at, code);
    if (from + length > bytes.length)
      fail(
        code,
        `the packet at byte ${at} has ${bytes.length - from} of ${length} bytes: the file was cut short`,
      );
    packets.push({ tag, body: bytes.subarray(from, from + length), start: at });
    at = from + length;
  }
  return packets;
}

interface Header {
  readonly tag: number;
  readonly from: number;
  readonly length: number;
}

function parseHeader(bytes: Uint8Array, at: number, code: "KEY_MALFORMED" | "SIGNATURE_MALFORMED"): Header {
  const octet = (i: number): number =>
    bytes[at + i] ?? fail(code, `the packet at byte ${at} has no complete header: the file was cut short`);
  const big = (i: number, count: number): number => {
    let value = 0;
    for (let k = 0; k < count; k++) value = value * 256 + octet(i + k);
    return value;
  };
  const first = octet(0);
  if ((first & 0x80) === 0)
    return fail(code, `expected an OpenPGP packet at byte ${at}, found 0x${first.toString(16)}`);
  if ((first & 0x40) === 0) {
    const kind = first & 3;
    if (kind === 3) return fail(code, `the packet at byte ${at} has no length`);
    return { tag: (first >> 2) & 15, from: at + 1 + (1 << kind), length: big(1, 1 << kind) };
  }
  const tag = first & 63;
  const one = octet(1);
  if (one < 192) return { tag, from: at + 2, length: one };
  if (one < 224) return { tag, from: at + 3, length: (one - 192) * 256 + octet(2) + 192 };
  if (one === 255) return { tag, from: at + 6, length: big(2, 4) };
  return fail(code, `the packet at byte ${at} comes in parts, which only data may`);
}
