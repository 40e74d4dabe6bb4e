/** A message's bytes for the library, with errors of reading kept apart from the library's own. */

import { CountersignError, type Source } from "@countersign/core";

export interface WatchedStream {
  /** Never errors: what fails to be read ends early, and `assertRead` says so. */
  readonly stream: ReadableStream<Uint8Array>;
  /** Throws what reading threw; or FILE_CHANGED when not all `size` bytes were read. */
  readonly assertRead: () => void;
  /** Throws what reading threw, if it did. */
  readonly assertReadable: () => void;
  /** Lets go of what is left unread. */
  readonly close: () => Promise<void>;
}

/**
 * Opens `message`; memory does not grow with it: a chunk is read when the last one was taken.
 *
 * The library leaves promises behind when its input errors, and Node ends at a rejection that nobody handles.
 * So its input only ever ends, and no result counts before `assertRead`.
 */
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
          if (done) return controller.close();
          size += value.length;
          controller.enqueue(value);
        } catch (error) {
          failure = { error };
          controller.close();
        }
      },
    },
    { highWaterMark: 0 },
  );
  const assertReadable = (): void => {
    if (failure) throw failure.error;
  };
  const assertRead = (): void => {
    assertReadable();
    if (size !== message.size)
      throw new CountersignError(
        "FILE_CHANGED",
        `${message.name} had ${message.size} bytes and gave ${size}`,
        {
          where: message.name,
        },
      );
  };
  return { stream, assertRead, assertReadable, close: () => reader.cancel().catch(() => undefined) };
}
