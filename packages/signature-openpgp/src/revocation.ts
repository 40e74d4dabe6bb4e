/** Revocations of keys and subkeys: in doubt they hold. RFC 9580 §5.2.1.11, §5.2.3.31 */

import type { KeyValidity } from "@countersign/core";
import type { Key as OpenpgpKey, SignaturePacket, Subkey } from "openpgp";
import { checkConfig, type KeyPacket, type Library } from "./library.ts";

type Revocation = NonNullable<KeyValidity["revoked"]>;

/** The hardest first: after a compromise nothing counts, after a retirement what was signed before does. */
const hardness: readonly Revocation["reason"][] = ["compromised", "unspecified", "superseded", "retired"];

/**
 * What withdraws `subkeys` (copies of one), or without them the primary key: the hardest reason, and of
 * equal ones the earliest.
 */
export async function readRevocations(
  library: Library,
  copies: readonly OpenpgpKey[],
  primary: KeyPacket,
  subkeys: readonly Subkey[] | undefined,
): Promise<Revocation | undefined> {
  const kind = library.enums.signature;
  const found: Revocation[] = [];
  for (const target of subkeys ?? copies)
    for (const signature of target.revocationSignatures) {
      const type = subkeys ? kind.subkeyRevocation : kind.keyRevocation;
      const data = subkeys ? { key: primary, bind: target.keyPacket } : { key: primary };
      if (byRevoker(library, copies, signature) || (await holds(library, signature, primary, type, data)))
        found.push(revocationOf(library, signature));
    }
  return found.reduce<Revocation | undefined>(harder, undefined);
}

/** Of two revocations the one that takes more: the harder reason, then the earlier date. */
export function harder(a: Revocation | undefined, b: Revocation | undefined): Revocation | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order =
    hardness.indexOf(a.reason) - hardness.indexOf(b.reason) || Number(a.at ?? 0) - Number(b.at ?? 0);
  return order <= 0 ? a : b;
}

/** Weak digests and unknown critical parts do not save a key from being withdrawn. */
async function holds(
  library: Library,
  signature: SignaturePacket,
  primary: KeyPacket,
  type: number,
  data: object,
): Promise<boolean> {
  if (signature.signatureType !== type) return false;
  const copy: SignaturePacket = Object.assign(Object.create(Object.getPrototypeOf(signature)), signature, {
    revocationKeyClass: null,
    rawNotations: [],
    unknownSubpackets: [],
  });
  try {
    const config = { ...checkConfig(library), rejectHashAlgorithms: new Set<never>() };
    await copy.verify(primary, type, data, null as never, false, config);
    return true;
  } catch {
    return false;
  }
}

/**
 * A revocation by someone whom the key itself named for that. Their key is not at hand, so it cannot be verified;
 * it stands in a keyring that was given as trusted, so it is believed.
 */
function byRevoker(library: Library, copies: readonly OpenpgpKey[], revocation: SignaturePacket): boolean {
  const issuer = revocation.issuerKeyID.toHex();
  return copies
    .flatMap((key) => [...key.toPacketList()])
    .some(
      (packet) =>
        packet instanceof library.SignaturePacket &&
        packet.revocationKeyFingerprint !== null &&
        keyIdOf(packet.revocationKeyFingerprint) === issuer,
    );
}

function keyIdOf(fingerprint: Uint8Array): string {
  return [...fingerprint.slice(-8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function revocationOf(library: Library, signature: SignaturePacket): Revocation {
  const { keySuperseded, keyCompromised, keyRetired } = library.enums.reasonForRevocation;
  const flag = signature.reasonForRevocationFlag;
  const reason =
    flag === keySuperseded
      ? "superseded"
      : flag === keyCompromised
        ? "compromised"
        : flag === keyRetired
          ? "retired"
          : "unspecified";
  return { reason, ...(signature.created ? { at: signature.created } : {}) };
}
