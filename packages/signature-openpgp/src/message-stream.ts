/** A message's bytes for the library, with its own errors told from the library's. */

import { CountersignError, type Source } from "@countersign/core";

export interface WatchedStream {
  readonly stream: ReadableStream<Uint8Array>;
  /** What reading the message threw, if it did. */
  readonly failure: () => { readonly error: unknown } | undefined;
  /** Lets go of what is left unread. */
  readonly close: () => Promise<void>;
}

/** Opens `message`; memory does not grow with it: a chunk is read when the last one was taken. */
export function watchedStream(message: Source, signal: AbortSignal | undefined): WatchedStream {
  const reader = message.open({ signal }).getReader();
  let failure: { readonly error: unknown } | undefined;
  let size = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        try {
          signal?.throwIfAborted();
          const { done, value } = await reader.read();
          if (!done) {
            size += value.length;
            controller.enqueue(value);
          } else if (size === message.size) controller.close();
          else throw changed(message, size);
        } catch (error) {
          failure = { error };
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, failure: () => failure, close: () => reader.cancel().catch(() => undefined) };
}

function changed(message: Source, size: number): CountersignError {
  return new CountersignError("FILE_CHANGED", `${message.name} had ${message.size} bytes and gave ${size}`, {
    where: message.name,
  });
}
