/**
 * What a certificate says of one of its keys, by its own signatures: may it sign, from when to when, is it revoked.
 * Cryptography and structure only: no moment is assumed, so nothing is left out because it has expired.
 */

import type { KeyValidity } from "@countersign/core";
import type { Config, Key as OpenpgpKey, SignaturePacket, Subkey } from "openpgp";
import type { Obstacle } from "./algorithm.ts";
import { keyObstacle } from "./algorithm.ts";
import { checkConfig, type KeyPacket, type Library } from "./library.ts";
import { harder, readRevocations } from "./revocation.ts";

/** All copies of one certificate that were given: what any of them says counts. */
export type Copies = readonly OpenpgpKey[];

/** `validity` holds both with and without an obstacle, as far as it could be read. */
export interface Standing {
  readonly obstacle?: Obstacle;
  readonly validity: KeyValidity;
}

interface Claim {
  readonly signature: SignaturePacket;
  readonly type: number;
  readonly data: object;
}

/** What `copies` say of `packet`, which is their primary key or one of their subkeys. */
export async function inspectKey(library: Library, copies: Copies, packet: KeyPacket): Promise<Standing> {
  const primary = copies[0]?.keyPacket;
  if (primary === undefined) throw new TypeError("no certificate given");
  const config = checkConfig(library);
  const fingerprint = packet.getFingerprint();
  const weak = keyObstacle(library, primary) ?? keyObstacle(library, packet);
  if (weak) return { obstacle: weak, validity: { from: packet.created } };

  const own = await governing(selfClaims(library, copies), primary, config);
  const revoked = await readRevocations(library, copies, primary, undefined);
  const outer = validityOf(primary, own, revoked);
  if (own === undefined)
    return { obstacle: unbound("the key has no valid signature of its own"), validity: outer };
  if (primary.getFingerprint() === fingerprint) return withFlags(library, own, outer);

  const subkeys = copies.flatMap((key) => key.subkeys).filter((sub) => sub.getFingerprint() === fingerprint);
  const binding = await governing(bindingClaims(library, copies, subkeys), primary, config);
  const withdrawn = await readRevocations(library, copies, primary, subkeys);
  const validity = narrow(outer, validityOf(packet, binding, withdrawn));
  if (binding === undefined) return { obstacle: unbound("the subkey is not bound to its key"), validity };
  if (!(await hasBackSignature(library, binding, copies, packet, config)))
    return { obstacle: unbound("the subkey did not sign its binding to the key"), validity };
  return withFlags(library, binding, validity);
}

/**
 * The newest valid claim, preferring those that say what the key may do.
 * Withdrawn user ids count as well: they say nothing less about the key, and policies name keys.
 */
async function governing(
  claims: readonly Claim[],
  primary: KeyPacket,
  config: Config,
): Promise<SignaturePacket | undefined> {
  const newest = [...claims].sort(
    (a, b) =>
      Number(b.signature.keyFlags !== null) - Number(a.signature.keyFlags !== null) ||
      time(b.signature) - time(a.signature),
  );
  for (const { signature, type, data } of newest)
    if (await isValid(signature, primary, type, data, config)) return signature;
  return undefined;
}

/** Direct-key signatures and certifications of user ids; of version 6 keys the former only (RFC 9580 §10.1.2). */
function selfClaims(library: Library, copies: Copies): readonly Claim[] {
  const { signature: kind } = library.enums;
  return copies.flatMap((key) => {
    const primary = key.keyPacket;
    const direct = directSignatures(library, key).map((signature) => ({
      signature,
      type: kind.key as number,
      data: { key: primary },
    }));
    if (primary.version === 6) return direct;
    const certifications: readonly number[] = [
      kind.certGeneric,
      kind.certPersona,
      kind.certCasual,
      kind.certPositive,
    ];
    const users = key.users.flatMap(({ userID, userAttribute, selfCertifications }) =>
      selfCertifications
        .filter(({ signatureType }) => certifications.includes(signatureType ?? -1))
        .map((signature) => ({
          signature,
          type: signature.signatureType as number,
          data: { userID, userAttribute, key: primary },
        })),
    );
    return [...direct, ...users];
  });
}

/** The library keeps them off its types: they stand between the key and its first user id. */
function directSignatures(library: Library, key: OpenpgpKey): readonly SignaturePacket[] {
  const found: SignaturePacket[] = [];
  for (const packet of key.toPacketList().slice(1)) {
    if (!(packet instanceof library.SignaturePacket)) break;
    if (packet.signatureType === library.enums.signature.key) found.push(packet);
  }
  return found;
}

function bindingClaims(library: Library, copies: Copies, subkeys: readonly Subkey[]): readonly Claim[] {
  const primary = copies[0]?.keyPacket;
  return subkeys.flatMap((subkey) =>
    subkey.bindingSignatures.map((signature) => ({
      signature,
      type: library.enums.signature.subkeyBinding as number,
      data: { key: primary, bind: subkey.keyPacket },
    })),
  );
}

/** Without it anyone could bind another's signing key to their own and pass for its owner. RFC 9580 §5.2.1.10 */
async function hasBackSignature(
  library: Library,
  binding: SignaturePacket,
  copies: Copies,
  packet: KeyPacket,
  config: Config,
): Promise<boolean> {
  const back = binding.embeddedSignature;
  const data = { key: copies[0]?.keyPacket, bind: packet };
  return back !== null && (await isValid(back, packet, library.enums.signature.keyBinding, data, config));
}

/** Cryptography and structure, at no moment: the date `null` turns the library's comparisons of time off. */
async function isValid(
  signature: SignaturePacket,
  key: KeyPacket,
  type: number,
  data: object,
  config: Config,
): Promise<boolean> {
  // The library does not compare the type it is asked to verify with the one that was signed.
  if (signature.signatureType !== type || signature.version !== key.version) return false;
  // Naming a revoker does not make a self-signature worse; its revocations are looked at on their own.
  const copy: SignaturePacket = Object.assign(Object.create(Object.getPrototypeOf(signature)), signature, {
    revocationKeyClass: null,
  });
  try {
    await copy.verify(key, type, data, null as never, false, config);
    return true;
  } catch {
    return false;
  }
}

function withFlags(library: Library, signature: SignaturePacket, validity: KeyValidity): Standing {
  const flags = signature.keyFlags;
  const canSign = flags !== null && ((flags[0] ?? 0) & library.enums.keyFlags.signData) !== 0;
  return canSign
    ? { validity }
    : {
        validity,
        obstacle: {
          code: "SIGNATURE_UNJUDGED",
          reason: flags === null ? "the key does not say what it is for" : "the key is not for signing data",
        },
      };
}

function validityOf(
  packet: KeyPacket,
  signature: SignaturePacket | undefined,
  revoked: KeyValidity["revoked"],
): KeyValidity {
  const until = Math.min(
    signature ? keyExpiry(packet, signature) : Infinity,
    signature ? expiry(signature) : Infinity,
  );
  return {
    from: packet.created,
    ...(until === Infinity ? {} : { until: new Date(until) }),
    ...(revoked === undefined ? {} : { revoked }),
  };
}

/** What holds for a subkey: its own limits within those of its primary key. */
function narrow(outer: KeyValidity, inner: KeyValidity): KeyValidity {
  const from = [outer.from, inner.from].filter((date) => date !== undefined);
  const until = [outer.until, inner.until].filter((date) => date !== undefined);
  const revoked = harder(outer.revoked, inner.revoked);
  return {
    from: new Date(Math.max(...from.map(Number))),
    ...(until.length === 0 ? {} : { until: new Date(Math.min(...until.map(Number))) }),
    ...(revoked === undefined ? {} : { revoked }),
  };
}

function keyExpiry(packet: KeyPacket, signature: SignaturePacket): number {
  const seconds = signature.keyExpirationTime ?? 0;
  return seconds === 0 ? Infinity : packet.created.getTime() + seconds * 1000;
}

/** Milliseconds since the epoch at which a signature itself stops to count, or Infinity. */
export function expiry(signature: SignaturePacket): number {
  const end = signature.getExpirationTime();
  return end instanceof Date ? end.getTime() : Infinity;
}

function time(signature: SignaturePacket): number {
  return signature.created?.getTime() ?? 0;
}

function unbound(reason: string): Obstacle {
  return { code: "KEY_UNKNOWN", reason };
}
