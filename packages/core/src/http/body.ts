/** The body of an answer, counted while it streams: no byte too few, none too many, none too late. */

import { CountersignError, isCountersignError } from "../errors/index.ts";
import { printable } from "../formats/names.ts";
import type { Watch } from "./watch.ts";

export interface BodyRule {
  /** Bytes that the body must have; unknown where the server announced none. */
  readonly length: number | undefined;
  /** Leading bytes to drop: a server without ranges answered a request for the middle. */
  readonly skip: number;
  /** Most bytes of the body that are let through. */
  readonly limit: number;
  readonly where: string;
}

/**
 * Passes `body` on as it comes. Errors appear on the stream.
 *
 * @throws NETWORK_FAILED — it ended early, broke or stalled
 * @throws HTTP_REFUSED — it has more bytes than announced or than `limit`
 * @throws ABORTED
 */
export function countedBody(
  body: ReadableStream<Uint8Array>,
  rule: BodyRule,
  watch: Watch,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let seen = 0;
  let stopped: CountersignError | undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        watch.onStop((reason) => {
          stopped = reason;
          controller.error(reason);
          reader.cancel(reason).catch(() => undefined);
        });
      },
      async pull(controller) {
        try {
          for (;;) {
            watch.expect();
            const next = await reader.read();
            if (stopped !== undefined) return;
            watch.arrived();
            if (next.done) {
              checkEnd(seen, rule);
              watch.end();
              controller.close();
              return;
            }
            const fresh = afterSkip(next.value, seen, rule.skip);
            seen += next.value.length;
            checkCount(seen, rule);
            if (fresh.length === 0) continue;
            controller.enqueue(fresh);
            return;
          }
        } catch (error) {
          if (stopped !== undefined) return;
          watch.end();
          reader.cancel(error).catch(() => undefined);
          throw asFailure(error, rule.where);
        }
      },
      async cancel(reason) {
        watch.end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** A foreign error as ours: what breaks while bytes flow is the network's failure. */
export function asFailure(error: unknown, where: string): CountersignError {
  if (isCountersignError(error)) return error;
  const reason = printable(error instanceof Error ? error.message : String(error)).slice(1, -1);
  return new CountersignError("NETWORK_FAILED", `the connection failed: ${reason}`, { where, cause: error });
}

function afterSkip(chunk: Uint8Array, seen: number, skip: number): Uint8Array {
  return seen >= skip ? chunk : chunk.subarray(Math.min(skip - seen, chunk.length));
}

function checkCount(seen: number, { length, limit, where }: BodyRule): void {
  if (length !== undefined && seen > length)
    throw new CountersignError("HTTP_REFUSED", `more than the announced ${length} bytes came`, { where });
  if (seen > limit) throw new CountersignError("HTTP_REFUSED", `more than ${limit} bytes came`, { where });
}

function checkEnd(seen: number, { length, skip, where }: BodyRule): void {
  const expected = length ?? skip;
  if (seen < expected)
    throw new CountersignError("NETWORK_FAILED", `expected ${expected} bytes, the body ended after ${seen}`, {
      where,
    });
}
