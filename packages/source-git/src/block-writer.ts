/** Gathers a tar's many small pieces into large blocks, and hashes them on their way. */

import { createHasher, toHex } from "@countersign/core";

/** Takes the next bytes; they hold only until it resolves. A rejection ends the run. */
export type TarSink = (chunk: Uint8Array) => Promise<void> | void;

export interface BlockWriter {
  /** Resolves when there is room again; undefined: at once. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  zeros(count: number): Promise<void>;
  /** Bytes so far. */
  size(): number;
  end(): Promise<{ readonly sha256: string; readonly size: number }>;
}

// Larger blocks fall out of the processor's cache before they are hashed (measured).
const blockSize = 256 << 10;

/** @param onBytes the size so far, after each block */
export function blockWriter(sink: TarSink, onBytes?: (size: number) => void): BlockWriter {
  const hasher = createHasher("sha256");
  // One is filled while the sink still has the other.
  let filling = Buffer.allocUnsafeSlow(blockSize);
  let other = Buffer.allocUnsafeSlow(blockSize);
  let used = 0;
  let size = 0;
  let busy: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    const block = filling.subarray(0, used);
    hasher.update(block);
    await busy;
    [filling, other] = [other, filling];
    used = 0;
    busy = Promise.resolve(sink(block));
    // It is awaited with the next block.
    busy.catch(() => undefined);
    onBytes?.(size);
  };
  const slowly = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + blockSize - used);
      filling.set(part, used);
      used += part.length;
      at += part.length;
      size += part.length;
      if (used === blockSize) await flush();
    }
  };
  const writer: BlockWriter = {
    write(bytes) {
      if (bytes.length >= blockSize - used) return slowly(bytes);
      filling.set(bytes, used);
      used += bytes.length;
      size += bytes.length;
      return undefined;
    },
    async zeros(count) {
      await writer.write(new Uint8Array(count));
    },
    size: () => size,
    async end() {
      if (used > 0) await flush();
      await busy;
      return { sha256: toHex(hasher.digest()), size };
    },
  };
  return writer;
}
