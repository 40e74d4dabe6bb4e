/** Hashes of bytes and streams. */

import { createHasher } from "#native";
import { CountersignError } from "../errors/index.ts";
import type { HashName } from "../native/types.ts";
import type { Source } from "../ports/source.ts";
import { toHex } from "./bytes.ts";

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hash("sha256", parts);
}

export function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  return hash("sha1", parts);
}

export function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  return hash("sha512", parts);
}

/** Lower-case hex. */
export function sha256Hex(...parts: readonly Uint8Array[]): string {
  return toHex(sha256(...parts));
}

/**
 * SHA-256 of a source in hex, by its own fast way where it has one.
 * @param onBytes counts of bytes as they are hashed
 * @throws FILE_CHANGED — it held another number of bytes than it said
 */
export async function sourceSha256(
  source: Source,
  options: { readonly signal?: AbortSignal | undefined; readonly onBytes?: (count: number) => void } = {},
): Promise<string> {
  if (source.sha256) return toHex(await source.sha256(options));
  const hasher = createHasher("sha256");
  let size = 0;
  for await (const chunk of readStream(source.open({ signal: options.signal }))) {
    hasher.update(chunk);
    size += chunk.length;
    options.onBytes?.(chunk.length);
  }
  if (size !== source.size)
    throw new CountersignError("FILE_CHANGED", `${source.name} had ${source.size} bytes and gave ${size}`, {
      where: source.name,
    });
  return toHex(hasher.digest());
}

/** Iterates a stream in every runtime (browsers lack `for await` on streams) and cancels it when the loop ends early. */
export async function* readStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}

/**
 * All bytes of a stream, at most `limit`.
 * @throws FILE_TOO_LARGE — there are more
 */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  where: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readStream(stream)) {
    size += chunk.length;
    if (size > limit)
      throw new CountersignError("FILE_TOO_LARGE", `${where} has more than ${limit} bytes`, { where });
    parts.push(chunk.slice());
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A source over bytes in memory. */
export function bytesSource(name: string, bytes: Uint8Array): Source {
  return {
    name,
    size: bytes.length,
    open: ({ start = 0 } = {}) =>
      new ReadableStream({
        start(controller) {
          if (start < bytes.length) controller.enqueue(bytes.subarray(start));
          controller.close();
        },
      }),
  };
}

function hash(name: HashName, parts: readonly Uint8Array[]): Uint8Array {
  const hasher = createHasher(name);
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}
