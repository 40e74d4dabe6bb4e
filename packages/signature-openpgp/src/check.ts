/** What a file of signatures says of a message: facts. Core alone compares times and applies policy. */

import type { CheckOptions, Key, SignatureFacts, Source } from "@countersign/core";
import type { SignaturePacket } from "openpgp";
import { criticalObstacle, hashObstacle, type Obstacle } from "./algorithm.ts";
import { type Copies, expiry, inspectKey, type Standing } from "./certificate.ts";
import { nativeKeys } from "./keyring.ts";
import { checkConfig, type KeyPacket, type Library, loadLibrary } from "./library.ts";
import { watchedStream } from "./message-stream.ts";
import { issuerOf, obstacleOf, type ParsedSignature, parseSignatureFile } from "./signature-file.ts";

interface Candidate {
  readonly id: string;
  readonly copies: Copies;
  readonly packet: KeyPacket;
}

/**
 * One entry for each signature in the file, at least one.
 * @throws whatever reading the message throws; never for what the signature holds
 */
export async function checkSignatures(
  message: Source,
  signature: Uint8Array,
  keys: readonly Key[],
  options: CheckOptions,
): Promise<readonly SignatureFacts[]> {
  const library = await loadLibrary();
  let parsed: readonly ParsedSignature[];
  try {
    parsed = parseSignatureFile(library, signature);
  } catch (error) {
    const obstacle = obstacleOf(error);
    if (obstacle === undefined) throw error;
    return [{ outcome: "cannot-judge", ...obstacle }];
  }
  const facts: SignatureFacts[] = [];
  for (const { packet, obstacle } of parsed)
    facts.push(
      packet === undefined
        ? { outcome: "cannot-judge", ...obstacle }
        : await checkOne(library, message, packet, obstacle, keys, options),
    );
  return facts;
}

async function checkOne(
  library: Library,
  message: Source,
  packet: SignaturePacket,
  malformed: Obstacle | undefined,
  keys: readonly Key[],
  options: CheckOptions,
): Promise<SignatureFacts> {
  const said = claims(packet);
  const { binary, text } = library.enums.signature;
  if (packet.signatureType !== binary && packet.signatureType !== text)
    return {
      outcome: "bad",
      code: "SIGNATURE_PURPOSE",
      reason: `the signature is of type ${packet.signatureType}, not one over a document`,
      ...said,
    };
  if (malformed) return { outcome: "cannot-judge", ...malformed, ...said };
  const obstacle = hashObstacle(library, packet.hashAlgorithm) ?? criticalObstacle(packet);
  const candidates = findCandidates(keys, packet);
  let facts: SignatureFacts = { outcome: "cannot-judge", ...unknownKey(packet), ...said };
  for (const candidate of candidates) {
    const standing = await inspectKey(library, candidate.copies, candidate.packet);
    facts = await judge(
      library,
      message,
      packet,
      candidate,
      { ...standing, ...(obstacle && { obstacle }) },
      options,
    );
    if (facts.outcome === "good") break;
  }
  return facts;
}

async function judge(
  library: Library,
  message: Source,
  packet: SignaturePacket,
  { id, packet: keyPacket }: Candidate,
  { obstacle, validity }: Standing,
  options: CheckOptions,
): Promise<SignatureFacts> {
  const said = { ...claims(packet), fingerprint: keyPacket.getFingerprint(), validity };
  if (obstacle) return { outcome: "cannot-judge", ...obstacle, ...said };
  const { stream, assertRead, assertReadable, close } = watchedStream(message, options.signal);
  // The part of the library's literal packet that hashing asks for: this way nothing is cloned or kept.
  const literal = { text: null, getBytes: () => stream };
  let verdict: Pick<SignatureFacts, "outcome" | "code" | "reason" | "key"> = { outcome: "good", key: id };
  try {
    const config = checkConfig(library);
    await packet.verify(keyPacket, packet.signatureType as never, literal, null as never, true, config);
  } catch (error) {
    verdict = verdictOf(error);
  } finally {
    await close();
  }
  // The digest is computed first of all, over the whole message; what went wrong before has read none of it.
  if (verdict.outcome !== "cannot-judge") assertRead();
  else assertReadable();
  return { ...verdict, ...said };
}

/** The library tells a signature that does not fit from one that it cannot compute by its message only. */
function verdictOf(error: unknown): Pick<SignatureFacts, "outcome" | "code" | "reason"> {
  const text = error instanceof Error ? error.message : "";
  return /^(?:Signed digest did not match|Signature verification failed)$/.test(text)
    ? { outcome: "bad", code: "SIGNATURE_BAD", reason: "the signature does not fit the bytes" }
    : {
        outcome: "cannot-judge",
        code: "SIGNATURE_UNJUDGED",
        reason: `the signature cannot be computed: ${text}`,
      };
}

/** Every given key, or subkey of one, that the signature may mean; copies of one certificate together. */
function findCandidates(keys: readonly Key[], packet: SignaturePacket): readonly Candidate[] {
  const copies = new Map<string, Copies>();
  for (const key of keys) {
    if (key.scheme === "openpgp") copies.set(key.id, [...(copies.get(key.id) ?? []), ...nativeKeys(key)]);
  }
  const issuer = issuerOf(packet);
  const found = new Map<string, Candidate>();
  for (const [id, certificates] of copies)
    for (const certificate of certificates)
      for (const { keyPacket } of [certificate, ...certificate.subkeys]) {
        const fingerprint = keyPacket.getFingerprint();
        const named = fingerprint === issuer || keyPacket.getKeyID().toHex() === issuer;
        if (named && keyPacket.version === packet.version && keyPacket.getKeyID().equals(packet.issuerKeyID))
          found.set(`${id} ${fingerprint}`, { id, copies: certificates, packet: keyPacket });
      }
  return [...found.values()];
}

function claims(packet: SignaturePacket): Pick<SignatureFacts, "fingerprint" | "claimedTime" | "expires"> {
  const issuer = issuerOf(packet);
  const end = expiry(packet);
  return {
    ...(issuer === undefined ? {} : { fingerprint: issuer }),
    ...(packet.created ? { claimedTime: packet.created } : {}),
    ...(end === Infinity ? {} : { expires: new Date(end) }),
  };
}

function unknownKey(packet: SignaturePacket): Obstacle {
  const issuer = issuerOf(packet);
  return {
    code: "KEY_UNKNOWN",
    reason: issuer === undefined ? "the signature names no key" : `none of the given keys is ${issuer}`,
  };
}
