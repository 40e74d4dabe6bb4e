/** Begins a log. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  CountersignError,
  emptyRoot,
  equalBytes,
  fail,
  formatCheckpoint,
  formatNote,
  isCountersignError,
} from "@countersign/core";
import { createFile, makeDirectory, privateDirectory, syncDirectory } from "./durable.ts";
import { directoryFiles } from "./log-files.ts";
import { generateLogKey, parseLogKey } from "./log-key.ts";
import { readCheckpoint } from "./reader.ts";

export interface NewLog {
  /** Secret: `PRIVATE+KEY+…`. Keep it with `writeLogKey`; without it nothing can be appended. */
  readonly key: string;
  /** `name+id+base64`, for policies. */
  readonly verifierKey: string;
}

/**
 * Makes an empty log with a signed checkpoint, on disk when it returns.
 *
 * @param options.directory made if it is not there
 * @param options.origin the log's name, as example.org/releases
 * @param options.key a key that was made before (`generateLogKey`) and is kept already, so that a run that is killed
 *   leaves no log without a key; with it, the same call again does nothing as long as the log is empty
 * @throws LOG_EXISTS — never begun anew · NAME_REFUSED · KEY_MALFORMED · LOG_UNAVAILABLE — cannot be written
 */
export async function initLog(options: {
  readonly directory: string;
  readonly origin: string;
  readonly key?: string;
}): Promise<NewLog> {
  const { directory, origin, key = generateLogKey(origin) } = options;
  const { verifier, sign } = parseLogKey(key);
  if (verifier.name !== origin) throw new TypeError(`the key is of ${verifier.name}, not of ${origin}`);
  const text = formatCheckpoint({ origin, size: 0, root: emptyRoot });
  const note = formatNote(text, [sign(text)]);
  const where = join(directory, "checkpoint");
  try {
    for (const path of await makeDirectory(directory)) await syncDirectory(path);
    if ((await readdir(directory)).includes("tile")) {
      const exists = `${directory} holds the tiles of a log`;
      if (!(await isEmptyLog(directory, note))) fail("LOG_EXISTS", exists, { where: directory });
    }
    for (const path of await makeDirectory(join(directory, privateDirectory), 0o700))
      await syncDirectory(path);
    if (!(await createFile(directory, "checkpoint", note)) && !(await isEmptyLog(directory, note)))
      fail("LOG_EXISTS", `${where} is there already`, { where });
  } catch (cause) {
    if (isCountersignError(cause)) throw cause;
    throw new CountersignError("LOG_UNAVAILABLE", `${directory} cannot be written`, {
      where: directory,
      cause,
    });
  }
  return { key, verifierKey: verifier.text };
}

/** Ed25519 signs the same text to the same bytes, so an equal note is our own first one. */
async function isEmptyLog(directory: string, note: Uint8Array): Promise<boolean> {
  try {
    return equalBytes(await readCheckpoint(directoryFiles(directory)), note);
  } catch (error) {
    if (isCountersignError(error) && error.code === "LOG_MISSING") return false;
    throw error;
  }
}
