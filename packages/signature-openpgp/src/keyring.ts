/** OpenPGP keyrings: armored or binary, any number of keys, anything between the blocks. */

import { concatBytes, fail, type Key } from "@countersign/core";
import type { Key as OpenpgpKey } from "openpgp";
import { isArmored, parseArmor } from "./armor.ts";
import { checkConfig, type Library, loadLibrary } from "./library.ts";
import { type Packet, packetTag, parsePackets } from "./packets.ts";

/** Bytes of a keyring, at most. */
export const maxKeyringSize: number = 4 << 20;
/** Keys in a keyring, at most. */
export const maxKeys = 1000;

const keyLabels: ReadonlySet<string> = new Set(["PUBLIC KEY BLOCK", "PRIVATE KEY BLOCK", "ARMORED FILE"]);

/**
 * Reads every key of a keyring. Of secret keys only the public half is kept. Keys that the library cannot read
 * (version 3, unknown algorithms) are left out; copies of one key are kept together under one id, so that
 * a revocation in either counts.
 *
 * @throws KEY_MALFORMED — damaged, too large, or no key in it could be read
 */
export async function parseKeyring(bytes: Uint8Array): Promise<readonly Key[]> {
  if (bytes.length > maxKeyringSize)
    fail("KEY_MALFORMED", `expected a keyring of at most ${maxKeyringSize} bytes, found ${bytes.length}`);
  const packets = parsePackets(isArmored(bytes) ? armoredKeys(bytes) : bytes, "KEY_MALFORMED");
  const groups = groupKeys(packets);
  if (groups.length > maxKeys)
    fail("KEY_MALFORMED", `expected at most ${maxKeys} keys in a keyring, found ${groups.length}`);
  const library = await loadLibrary();
  const byId = new Map<string, OpenpgpKey[]>();
  let cause: unknown;
  for (const group of groups) {
    try {
      const key = await readKey(library, group);
      const id = key.getFingerprint();
      byId.set(id, [...(byId.get(id) ?? []), key]);
    } catch (error) {
      cause ??= error;
    }
  }
  if (byId.size === 0)
    fail("KEY_MALFORMED", `expected OpenPGP keys, found ${groups.length} of which none could be read`, {
      cause,
    });
  return [...byId].map(([id, native]) => ({ scheme: "openpgp", id, labels: labelsOf(native), native }));
}

/** The library's keys behind a port's key: one or more copies of the same primary key. */
export function nativeKeys(key: Key): readonly OpenpgpKey[] {
  if (key.scheme !== "openpgp" || !Array.isArray(key.native)) throw new TypeError("not a key of this scheme");
  return key.native as readonly OpenpgpKey[];
}

function armoredKeys(bytes: Uint8Array): Uint8Array {
  const blocks = parseArmor(bytes, "KEY_MALFORMED").filter(({ label }) => keyLabels.has(label));
  if (blocks.length === 0) fail("KEY_MALFORMED", "expected an armored OpenPGP key, found no block of one");
  return concatBytes(...blocks.map((block) => block.bytes));
}

/** A key is a public or secret key packet and all up to the next one. */
function groupKeys(packets: readonly Packet[]): readonly (readonly Packet[])[] {
  const groups: Packet[][] = [];
  for (const packet of packets) {
    if (packet.tag === packetTag.publicKey || packet.tag === packetTag.secretKey) groups.push([packet]);
    else groups.at(-1)?.push(packet);
  }
  if (groups.length === 0)
    fail("KEY_MALFORMED", "expected an OpenPGP key, found packets of other kinds only");
  return groups;
}

async function readKey(library: Library, packets: readonly Packet[]): Promise<OpenpgpKey> {
  const key = await library.readKey({
    binaryKey: concatBytes(...packets.map(formatPacket)),
    config: checkConfig(library),
  });
  return key.toPublic();
}

function formatPacket({ tag, body }: Packet): Uint8Array {
  const header = new Uint8Array(6);
  header[0] = 0xc0 | tag;
  header[1] = 0xff;
  new DataView(header.buffer).setUint32(2, body.length);
  return concatBytes(header, body);
}

function labelsOf(keys: readonly OpenpgpKey[]): readonly string[] {
  return [...new Set(keys.flatMap((key) => key.getUserIDs()))];
}
