/** Reads assets of a forge, never more than they should have. */

import { createHasher } from "#native";
import { CountersignError } from "../errors/index.ts";
import { toHex } from "../formats/bytes.ts";
import { readStream } from "../formats/digest.ts";
import type { Asset, Forge } from "../ports/forge.ts";
import type { Source } from "../ports/source.ts";
import type { OnProgress } from "./artifacts.ts";

export interface HashOptions {
  /** Bytes: one more, and the answer is that it differs. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly step?: string;
}

/** SHA-256 in hex of what the forge serves; undefined when it serves more than `limit` bytes. */
export async function hashAsset(
  forge: Forge,
  asset: Asset,
  options: HashOptions,
): Promise<string | undefined> {
  const { limit, signal, onProgress, step = "read" } = options;
  const hasher = createHasher("sha256");
  let done = 0;
  for await (const chunk of readStream(await forge.open(asset, { signal }))) {
    done += chunk.length;
    if (done > limit) return undefined;
    hasher.update(chunk);
    onProgress?.({ step, name: asset.name, done, total: limit });
  }
  return toHex(hasher.digest());
}

/** An asset as a source of the size that it should have. The stream errors with ARTIFACT_SIZE when it has another. */
export function assetSource(forge: Forge, asset: Asset, size: number): Source {
  const refuse = (found: string): CountersignError =>
    new CountersignError("ARTIFACT_SIZE", `${asset.name}: the place serves ${found} ${size} bytes`, {
      where: asset.name,
    });
  return {
    name: asset.name,
    size,
    open: ({ start = 0, signal } = {}) => {
      let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
      let left = size - start;
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          reader ??= (await forge.open(asset, { start, signal })).getReader();
          const { done, value } = await reader.read();
          if (done) {
            if (left > 0) throw refuse("fewer than");
            return controller.close();
          }
          left -= value.length;
          if (left < 0) {
            await reader.cancel();
            throw refuse("more than");
          }
          controller.enqueue(value);
        },
        cancel: async (reason) => reader?.cancel(reason),
      });
    },
  };
}
