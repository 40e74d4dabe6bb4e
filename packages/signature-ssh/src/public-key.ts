/** SSH public keys. RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4, OpenSSH PROTOCOL.u2f */

import { equalBytes, sha256, toBase64 } from "@countersign/core";
import { formatString, WireError, wireReader } from "./wire.ts";

export type Curve = "P-256" | "P-384" | "P-521";

/** `application` is set for keys on a security token (sk-). */
export type PublicKey =
  | {
      readonly kind: "ed25519";
      readonly type: string;
      readonly point: Uint8Array;
      readonly application?: Uint8Array;
    }
  | {
      readonly kind: "ecdsa";
      readonly type: string;
      readonly curve: Curve;
      readonly point: Uint8Array;
      readonly application?: Uint8Array;
    }
  | {
      readonly kind: "rsa";
      readonly type: string;
      readonly exponent: Uint8Array;
      readonly modulus: Uint8Array;
      readonly bits: number;
    };

const curves: Readonly<Record<string, { readonly curve: Curve; readonly size: number }>> = {
  nistp256: { curve: "P-256", size: 32 },
  nistp384: { curve: "P-384", size: 48 },
  nistp521: { curve: "P-521", size: 66 },
};

/** Names of the key types that can be read here. */
export const keyTypes: ReadonlySet<string> = new Set([
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
]);

/** Longest RSA modulus in bits, as OpenSSH has it. */
const maxRsaBits = 16_384;

/** @throws WireError — damaged, or of a type that is not known here */
export function parsePublicKey(blob: Uint8Array): PublicKey {
  const reader = wireReader(blob);
  const type = reader.text();
  if (!keyTypes.has(type)) throw new WireError(`keys of type ${type} are not supported`);
  const key = parseBody(type, reader);
  reader.end();
  return key;
}

function parseBody(type: string, reader: ReturnType<typeof wireReader>): PublicKey {
  if (type === "ssh-rsa") {
    const exponent = reader.mpint();
    const modulus = reader.mpint();
    const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
    if (bits > maxRsaBits) throw new WireError(`an RSA key of ${bits} bits`);
    if (exponent.length === 1 && (exponent[0] ?? 0) < 3) throw new WireError("an RSA key with exponent 1");
    return { kind: "rsa", type, exponent, modulus, bits };
  }
  const token = type.startsWith("sk-");
  if (type.includes("ed25519")) {
    const point = reader.string();
    if (point.length !== 32) throw new WireError(`an Ed25519 key of ${point.length} bytes`);
    return { kind: "ed25519", type, point, ...(token ? { application: reader.string() } : {}) };
  }
  const name = reader.text();
  const found = curves[name];
  if (found === undefined || !type.includes(name))
    throw new WireError("the key names another curve than its type");
  const point = reader.string();
  if (point.length !== 1 + 2 * found.size || point[0] !== 4)
    throw new WireError("expected an uncompressed point");
  return {
    kind: "ecdsa",
    type,
    curve: found.curve,
    point,
    ...(token ? { application: reader.string() } : {}),
  };
}

/** `SHA256:` and base64 without padding, as `ssh-keygen -l` shows it. */
export function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${toBase64(sha256(blob)).replace(/=+$/, "")}`;
}

/** Bytes per coordinate. */
export function curveSize(curve: Curve): number {
  return curve === "P-256" ? 32 : curve === "P-384" ? 48 : 66;
}

/** Is the type that stands in text beside a key the one inside it? */
export function hasType(blob: Uint8Array, type: string): boolean {
  const start = formatString(type);
  return equalBytes(blob.subarray(0, start.length), start);
}
