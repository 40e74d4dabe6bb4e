/** The binary forms of SSH: strings, integers, multiple-precision integers. RFC 4251 §5. */

import { concatBytes, utf8 } from "@countersign/core";

/** Thrown while reading; becomes an outcome or an error with a code where it is caught. */
export class WireError extends Error {}

/** Reads values one after another. Every method throws WireError when what it expects is not there. */
export interface WireReader {
  byte(): number;
  uint32(): number;
  string(): Uint8Array;
  /** Printable ASCII, as all names in SSH are. */
  text(): string;
  /** A positive integer in its one shortest form, without the sign byte. */
  mpint(): Uint8Array;
  take(count: number): Uint8Array;
  /** Nothing may follow. */
  end(): void;
}

export function wireReader(bytes: Uint8Array): WireReader {
  let at = 0;
  const take = (count: number): Uint8Array => {
    if (count > bytes.length - at) throw new WireError(`expected ${count} bytes, found ${bytes.length - at}`);
    at += count;
    return bytes.subarray(at - count, at);
  };
  const uint32 = (): number => take(4).reduce((value, byte) => value * 256 + byte, 0);
  const string = (): Uint8Array => take(uint32());
  return {
    take,
    uint32,
    string,
    byte: () => take(1)[0] ?? 0,
    text() {
      const raw = string();
      if (!raw.every((byte) => byte > 32 && byte < 127))
        throw new WireError("expected a name in plain ASCII");
      return String.fromCharCode(...raw);
    },
    mpint() {
      const raw = string();
      const [first = 0, second = 0] = raw;
      if (raw.length === 0 || first >= 0x80) throw new WireError("expected a positive integer");
      if (first !== 0) return raw;
      if (second < 0x80) throw new WireError("an integer is not in its shortest form");
      return raw.subarray(1);
    },
    end() {
      if (at !== bytes.length) throw new WireError(`${bytes.length - at} bytes too many`);
    },
  };
}

/** Bytes or text with their length in front. */
export function formatString(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === "string" ? utf8(value) : value;
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
}
