/** Watches one request: ends it when the caller aborts or when nothing has come for too long. No clock: sleep is injected. */

import { CountersignError } from "../errors/index.ts";

/** Resolves after `ms` milliseconds; rejects at once when the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export interface Watch {
  /** Aborts when the request is to end; for the transport. */
  readonly signal: AbortSignal;
  /** Something is waited for from now on. A caller that reads slowly is not a server that stalls. */
  expect(): void;
  /** It came. */
  arrived(): void;
  /** The request is over: nothing is watched any more. */
  end(): void;
  /** Is told why the request must end; the last one given is called, at once if it has ended before. */
  onStop(listener: (reason: CountersignError) => void): void;
}

/**
 * @param stallMs 0: never. Found at the latest after twice that time: one timer for each period, not one for each chunk
 */
export function watchRequest(
  where: string,
  outer: AbortSignal | undefined,
  stallMs: number,
  sleep: Sleep | undefined,
): Watch {
  const request = new AbortController();
  const timer = new AbortController();
  let news = true;
  let waiting = true;
  let stopped: CountersignError | undefined;
  let listener: (reason: CountersignError) => void = () => undefined;

  const end = (): void => {
    outer?.removeEventListener("abort", onAbort);
    timer.abort();
  };
  const stop = (reason: CountersignError): void => {
    if (stopped !== undefined || timer.signal.aborted) return;
    stopped = reason;
    end();
    listener(reason);
    request.abort(reason);
  };
  const onAbort = (): void => stop(aborted(where, outer));
  const patrol = async (wait: Sleep): Promise<void> => {
    while (news || !waiting) {
      news = !waiting;
      await wait(stallMs, timer.signal);
    }
    stop(new CountersignError("NETWORK_FAILED", `nothing came for ${stallMs} ms`, { where }));
  };

  if (outer?.aborted) onAbort();
  else outer?.addEventListener("abort", onAbort, { once: true });
  if (sleep !== undefined && stallMs > 0 && stopped === undefined) patrol(sleep).catch(() => undefined);
  return {
    signal: request.signal,
    expect() {
      waiting = true;
    },
    arrived() {
      news = true;
      waiting = false;
    },
    end,
    onStop(next) {
      listener = next;
      if (stopped !== undefined) next(stopped);
    },
  };
}

export function aborted(where: string, signal: AbortSignal | undefined): CountersignError {
  return new CountersignError("ABORTED", "the request was stopped", { where, cause: signal?.reason });
}
