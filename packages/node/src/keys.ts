/** Key files: OpenPGP keyrings, SSH public keys, allowed-signers files. */

import { CountersignError, isCountersignError, type Key, type Scheme } from "@countersign/core";
import { adapters } from "./adapters.ts";
import { readSmallFile } from "./files.ts";

/**
 * All keys of a file, whatever its scheme.
 * @throws KEY_MALFORMED — no scheme reads it
 */
export async function readKeys(
  path: string,
  schemes: readonly Scheme[] = adapters.schemes,
): Promise<readonly Key[]> {
  const bytes = await readSmallFile(path, 4 << 20);
  const looksLikeSsh = /(?:^|[\s,])(?:ssh-|ecdsa-sha2-|sk-)/m.test(
    Buffer.from(bytes.subarray(0, 65_536)).toString("latin1"),
  );
  const order = [...schemes].sort((a, b) => Number(b.name === "ssh") - Number(a.name === "ssh"));
  let failure: CountersignError | undefined;
  for (const scheme of looksLikeSsh ? order : order.reverse()) {
    try {
      return await scheme.parseKeys(bytes);
    } catch (error) {
      if (!isCountersignError(error)) throw error;
      failure ??= error;
    }
  }
  throw new CountersignError("KEY_MALFORMED", `${path}: ${failure?.message ?? "no scheme reads it"}`, {
    where: path,
    cause: failure,
  });
}
