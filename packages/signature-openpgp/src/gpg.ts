/** Signs through the user's own gpg and its agent: smartcards, pinentry, cached passphrases. Node only. */

import {
  fail,
  lastWords,
  type ProgramResult,
  printable,
  type RunProgram,
  type Signature,
  type Signer,
} from "@countersign/core";

export interface GpgOptions {
  /** A fingerprint, a key id, or an address that names exactly one secret key; `!` at the end means that very subkey. */
  readonly keyId: string;
  /** Left out: `gpg` on the path. */
  readonly gpg?: string;
  /** Left out: gpg's own (`GNUPGHOME`, or `~/.gnupg`). */
  readonly homedir?: string;
  /** How it is started; `runProgram` of @countersign/node. */
  readonly run: RunProgram;
}

interface SecretKey {
  /** Lower-case hex; the primary key's first, then the subkeys'. */
  readonly fingerprints: readonly string[];
  readonly onCard: boolean;
}

/** Digests of SIG_CREATED that count: SHA-256, 384, 512, 224. RFC 9580 §9.5 */
const goodHashes: ReadonlySet<string> = new Set(["8", "9", "10", "11"]);
const created = /^\[GNUPG:\] SIG_CREATED (\S+) \d+ (\d+) (\d+) \d+ ([0-9A-F]+)\s*$/gm;
const failed = /^\[GNUPG:\] (?:FAILURE|INV_SGNR|ERROR)\b.*$/m;
/** The last number of FAILURE and ERROR is gpg's code: 11 bad passphrase, 99 cancelled, 177 no passphrase. */
const locked = /^\[GNUPG:\] (?:FAILURE|ERROR) .*$/gm;

/**
 * A signer that asks gpg. It reads gpg's status lines and fails closed: exactly one detached signature over bytes,
 * by the key that was named, with a digest that counts; exit status 0 alone is not believed.
 *
 * @throws TypeError — `keyId` is empty or begins with `-`
 * @throws TOOL_MISSING — no gpg
 * @throws SIGNER_FAILED — `keyId` names no secret key, or several
 */
export async function gpgSigner(options: GpgOptions): Promise<Signer> {
  const { keyId, gpg: command = "gpg", homedir, run } = options;
  if (keyId === "" || keyId.startsWith("-"))
    throw new TypeError("a key id is not empty and begins with no hyphen");
  // Batch mode keeps gpg itself from asking; the agent still opens pinentry for a passphrase or a card's PIN.
  const common = [
    ...(homedir === undefined ? [] : ["--homedir", homedir]),
    "--batch",
    "--no-tty",
    "--status-fd",
    "3",
  ];
  const listed = await run({
    command,
    args: [...common, "--with-colons", "--list-secret-keys", "--", keyId],
  });
  const key = onlyKey(listed, keyId);
  const user = keyId.endsWith("!") ? keyId : (key.fingerprints[0] ?? keyId);
  return {
    scheme: "openpgp",
    fingerprint: key.fingerprints[0] ?? "",
    interactive: key.onCard,
    async sign(message, { armor = true, signal }): Promise<Signature> {
      const form = [armor ? "--armor" : "--no-armor", "--no-textmode", "--local-user", user, "--output", "-"];
      const args = [...common, ...form, "--detach-sign", "--", "-"];
      const result = await run({ command, args, input: message, signal });
      assertSigned(result, key, message.name);
      return { scheme: "openpgp", extension: armor ? ".asc" : ".sig", bytes: result.output };
    },
  };
}

function onlyKey({ exit, output, errors }: ProgramResult, keyId: string): SecretKey {
  const keys = parseListing(new TextDecoder().decode(output));
  const [key] = keys;
  if (exit !== 0 || key === undefined)
    return fail("SIGNER_FAILED", `gpg has no secret key ${printable(keyId)}: ${lastWords(errors)}`);
  if (keys.length > 1)
    fail("SIGNER_FAILED", `${printable(keyId)} names ${keys.length} secret keys; give one's fingerprint`);
  return key;
}

/** Colon lines: `sec` begins a key, `fpr` names it or a subkey, field 15 is a card's number. @see GnuPG doc/DETAILS */
function parseListing(text: string): readonly SecretKey[] {
  const keys: { fingerprints: string[]; onCard: boolean }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const field = line.split(":");
    if (field[0] === "sec") keys.push({ fingerprints: [], onCard: false });
    const key = keys.at(-1);
    if (key === undefined) continue;
    if (field[0] === "fpr") key.fingerprints.push((field[9] ?? "").toLowerCase());
    if ((field[0] === "sec" || field[0] === "ssb") && (field[14] ?? "").length > 1) key.onCard = true;
  }
  return keys;
}

function assertSigned({ exit, output, status, errors }: ProgramResult, key: SecretKey, name: string): void {
  const made = [...status.matchAll(created)];
  if (exit !== 0 || failed.test(status) || made.length === 0 || output.length === 0) {
    const isLocked = [...status.matchAll(locked)].some(([line]) => isPassphraseError(line));
    fail(isLocked ? "KEY_LOCKED" : "SIGNER_FAILED", `gpg did not sign ${name}: ${lastWords(errors)}`, {
      where: name,
      ...(isLocked
        ? {
            hint: "Enter the passphrase or PIN when asked. If nothing asks, set GPG_TTY: export GPG_TTY=$(tty).",
          }
        : {}),
    });
  }
  const [, type, hash = "", kind, fingerprint = ""] = made[0] ?? [];
  if (made.length > 1) fail("SIGNER_FAILED", `gpg made ${made.length} signatures where one was asked for`);
  if (type !== "D" || Number(kind) !== 0)
    fail("SIGNER_FAILED", "gpg made another kind of signature than a detached one");
  if (!goodHashes.has(hash))
    fail("SIGNER_FAILED", `gpg signed with the weak digest ${hash}; see digest-algo in gpg.conf`);
  if (!key.fingerprints.includes(fingerprint.toLowerCase()))
    fail("SIGNER_FAILED", `gpg signed with ${fingerprint} where ${key.fingerprints[0]} was asked for`);
}

/** The low 16 bits are the error, the rest says which part of GnuPG it came from. */
function isPassphraseError(line: string): boolean {
  const code = Number(line.trim().split(" ").at(-1)) & 0xffff;
  return code === 11 || code === 87 || code === 99 || code === 177;
}
