/** OpenPGP keys in process: made, and signed with. */

import {
  type CountersignError,
  concatBytes,
  fail,
  isCountersignError,
  readAll,
  type Signature,
  type Signer,
  type Source,
  utf8,
} from "@countersign/core";
import type { Config, KeyID, Signature as OpenpgpSignature, PrivateKey } from "openpgp";
import { isArmored, parseArmor } from "./armor.ts";
import { type Library, loadLibrary } from "./library.ts";
import { watchedStream } from "./message-stream.ts";
import { maxSignatureSize } from "./signature-file.ts";

export interface KeySignerOptions {
  /** One secret key, armored or binary, at most 1 MiB. */
  readonly secretKey: Uint8Array;
  readonly passphrase?: string;
  /** What time it is. Left out: the system's clock. */
  readonly now?: () => Date;
}

export interface NewKeyOptions {
  readonly name: string;
  readonly email?: string;
  readonly passphrase?: string;
  /** When the key begins; whole seconds. */
  readonly date: Date;
}

const maxSecretKeySize = 1 << 20;

/**
 * The public half of a secret key, armored. Needs no passphrase.
 * @throws KEY_MALFORMED — not one secret key
 */
export async function exportPublicKey(secretKey: Uint8Array): Promise<string> {
  return (await readSecretKey(await loadLibrary(), secretKey)).toPublic().armor();
}

/**
 * A signer that holds an OpenPGP key in memory. It makes detached signatures over bytes (type 0x00) with SHA-512,
 * or the stronger of SHA-256 and what the key prefers, and reads the message as a stream.
 *
 * @throws KEY_MALFORMED — not one secret key, or none of its keys may sign now
 * @throws KEY_LOCKED — the passphrase is missing or wrong
 */
export async function openpgpKeySigner(options: KeySignerOptions): Promise<Signer> {
  const library = await loadLibrary();
  const now = options.now ?? (() => new Date());
  const key = await unlock(library, await readSecretKey(library, options.secretKey), options.passphrase);
  const config = signConfig(library);
  let signing: Awaited<ReturnType<PrivateKey["getSigningKey"]>>;
  try {
    signing = await key.getSigningKey(undefined, now(), undefined, config);
  } catch (cause) {
    return fail("KEY_MALFORMED", "expected a key that may sign now, found none in the secret key", { cause });
  }
  const ids = [signing.getKeyID()];
  return {
    scheme: "openpgp",
    fingerprint: key.getFingerprint(),
    interactive: false,
    publicKey: async () => utf8(key.toPublic().armor()),
    async sign(message, { armor = true, signal }): Promise<Signature> {
      const bytes = await signMessage(library, message, { key, ids, config, date: now(), signal });
      if (!armor) return { scheme: "openpgp", extension: ".sig", bytes };
      const text = library.armor(
        library.enums.armor.signature,
        bytes,
        undefined,
        undefined,
        undefined,
        true,
        config,
      );
      return { scheme: "openpgp", extension: ".asc", bytes: utf8(text) };
    },
  };
}

/**
 * Makes an Ed25519 key of version 4, which GnuPG 2.1 and later read. It signs and certifies, and does not expire.
 * The secret key is locked if a passphrase is given.
 */
export async function generateOpenpgpKey(
  options: NewKeyOptions,
): Promise<{ readonly publicKey: string; readonly secretKey: string }> {
  const library = await loadLibrary();
  const { privateKey, publicKey } = await library.generateKey({
    type: "ecc",
    curve: "ed25519Legacy",
    userIDs: { name: options.name, ...(options.email === undefined ? {} : { email: options.email }) },
    subkeys: [],
    date: options.date,
    format: "armored",
    config: signConfig(library),
    ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
  });
  return { publicKey, secretKey: privateKey };
}

function signConfig(library: Library): Config {
  return {
    ...library.config,
    preferredHashAlgorithm: library.enums.hash.sha512,
    v6Keys: false,
    aeadProtect: false,
    showComment: false,
    showVersion: false,
  };
}

async function readSecretKey(library: Library, bytes: Uint8Array): Promise<PrivateKey> {
  if (bytes.length > maxSecretKeySize)
    fail(
      "KEY_MALFORMED",
      `expected a secret key of at most ${maxSecretKeySize} bytes, found ${bytes.length}`,
    );
  const binary = isArmored(bytes)
    ? concatBytes(
        ...parseArmor(bytes, "KEY_MALFORMED")
          .filter(({ label }) => label === "PRIVATE KEY BLOCK")
          .map((block) => block.bytes),
      )
    : bytes;
  try {
    const keys = await library.readPrivateKeys({ binaryKeys: binary });
    const [key] = keys;
    if (key !== undefined && keys.length === 1) return key;
    return fail("KEY_MALFORMED", `expected one OpenPGP secret key, found ${keys.length}`);
  } catch (cause) {
    // What the library says may quote the key: it goes no further than `cause`.
    if (isCountersignError(cause)) throw cause as CountersignError;
    return fail("KEY_MALFORMED", "expected an OpenPGP secret key, found something else", { cause });
  }
}

async function unlock(
  library: Library,
  privateKey: PrivateKey,
  passphrase: string | undefined,
): Promise<PrivateKey> {
  if (privateKey.isDecrypted()) return privateKey;
  if (passphrase === undefined)
    return fail("KEY_LOCKED", "the secret key is locked and no passphrase was given");
  try {
    return await library.decryptKey({ privateKey, passphrase });
  } catch (cause) {
    return fail("KEY_LOCKED", "the passphrase does not open the secret key", { cause });
  }
}

/** A method of the library's messages that its types leave out. */
interface DetachedSigning {
  signDetached(
    signingKeys: readonly PrivateKey[],
    recipientKeys: readonly never[],
    signature: undefined,
    signingKeyIds: readonly KeyID[],
    date: Date,
    signingUserIds: readonly never[],
    recipientUserIds: readonly never[],
    notations: readonly never[],
    config: Config,
  ): Promise<OpenpgpSignature>;
}

interface SignRequest {
  readonly key: PrivateKey;
  readonly ids: readonly KeyID[];
  readonly config: Config;
  readonly date: Date;
  readonly signal: AbortSignal | undefined;
}

/** `signDetached` and a loop that drains: `openpgp.sign` would keep the whole message in memory. */
async function signMessage(library: Library, message: Source, request: SignRequest): Promise<Uint8Array> {
  const { stream, assertRead, assertReadable, close } = watchedStream(message, request.signal);
  try {
    const literal = await library.createMessage({ binary: stream, date: request.date });
    const { key, ids, date, config } = request;
    const signature = await (literal as unknown as DetachedSigning).signDetached(
      [key],
      [],
      undefined,
      ids,
      date,
      [],
      [],
      [],
      config,
    );
    const written = signature.write();
    const drained = drain(literal.getLiteralData() as ReadableStream<Uint8Array>);
    const bytes =
      written instanceof Uint8Array
        ? written
        : await readAll(written as unknown as ReadableStream<Uint8Array>, maxSignatureSize, "the signature");
    await drained;
    assertRead();
    return bytes;
  } catch (cause) {
    if (isCountersignError(cause)) throw cause as CountersignError;
    assertReadable();
    return fail("SIGNER_FAILED", `the key could not sign ${message.name}`, { cause, where: message.name });
  } finally {
    await close();
  }
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}
