/**
 * All HTTP that reads goes through here. It is handed a transport and believes no server: addresses are checked at each
 * redirect, credentials stay with their origin, bytes are taken as they are and counted.
 */

import { CountersignError, fail } from "../errors/index.ts";
import { readAll } from "../formats/digest.ts";
import type { Transport, TransportResponse } from "../ports/transport.ts";
import {
  checkIdentity,
  contentLength,
  isPassing,
  isRedirect,
  isWrongRange,
  rangeTotal,
  retryAfter,
  statusError,
} from "./answer.ts";
import { asFailure, countedBody } from "./body.ts";
import { checkUrl, shownUrl, type UrlPolicy } from "./url.ts";
import { aborted, type Sleep, type Watch, watchRequest } from "./watch.ts";

export interface HttpClientOptions {
  readonly transport: Transport;
  /** Headers for requests to this origin ("https://host:port"). Never sent after a redirect, not even back to it. */
  readonly credentials?: (origin: string) => Readonly<Record<string, string>> | undefined;
  /** A further rule for every address, the redirects' too. */
  readonly allow?: UrlPolicy;
  /** Default 5. */
  readonly maxRedirects?: number;
  /** Waits; without it nothing is retried and no stall is seen. */
  readonly sleep?: Sleep;
  /** Further tries after a failed connection, 408, 429 or 5xx. Default 3. */
  readonly retries?: number;
  /** Longest `Retry-After`, in milliseconds, that is waited for. Default 60,000. */
  readonly maxWaitMs?: number;
  /** Give up when nothing came for so many milliseconds (found after at most twice that). Default 30,000; 0: never. */
  readonly stallMs?: number;
}

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** More headers for this request; dropped for good at a redirect to another origin. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FetchStreamOptions extends FetchOptions {
  /** First byte wanted. Default 0. */
  readonly start?: number;
  /** Bytes that the whole file must have. */
  readonly expectedSize?: number | undefined;
  /** Most bytes that the whole file may have. Default: no limit but `expectedSize`. */
  readonly limit?: number;
}

export interface FetchedStream {
  /** Where the bytes came from in the end; without query. */
  readonly url: string;
  /** The bytes from `start` on, always. */
  readonly stream: ReadableStream<Uint8Array>;
  /** Bytes of the whole file, if the server said so. Its word. */
  readonly size: number | undefined;
  /** False when the server began at 0 although `start` was asked for; what came before was dropped here. */
  readonly ranged: boolean;
}

export interface HttpClient {
  /**
   * The file at `url` as a stream, from byte `start`. Errors after the headers appear on the stream.
   *
   * @throws LOCATOR_UNKNOWN — not an http(s) URL, or one that is not allowed
   * @throws RELEASE_MISSING — 404, 410
   * @throws ACCESS_REFUSED — 401, 403
   * @throws HTTP_STATUS — another status, after the retries
   * @throws HTTP_REFUSED — a redirect, an encoding, a header or a body that breaks a rule
   * @throws NETWORK_FAILED — no answer, a stall, another length than announced or expected
   * @throws ABORTED
   */
  fetchStream(url: string, options?: FetchStreamOptions): Promise<FetchedStream>;
  /** All bytes at `url`, at most `limit`. @throws as `fetchStream` */
  fetchBytes(url: string, limit: number, options?: FetchOptions): Promise<Uint8Array>;
}

interface Answer {
  readonly url: URL;
  readonly response: TransportResponse;
  readonly watch: Watch;
}

export function httpClient(options: HttpClientOptions): HttpClient {
  const { transport, credentials, sleep, allow = () => true } = options;
  const { maxRedirects = 5, retries = 3, maxWaitMs = 60_000, stallMs = 30_000 } = options;

  /** One request, sent again while it may help. */
  const ask = async (
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> => {
    const where = shownUrl(url);
    for (let attempt = 0; ; attempt++) {
      if (signal?.aborted) throw aborted(where, signal);
      const watch = watchRequest(where, signal, stallMs, sleep);
      const outcome = await send(transport, { method: "GET", url: url.href, headers }, watch, where);
      const failed = outcome instanceof CountersignError;
      if (failed ? outcome.code !== "NETWORK_FAILED" : !isPassing(outcome)) {
        if (failed) throw outcome;
        return { url, response: outcome, watch };
      }
      if (!failed) drop({ url, response: outcome, watch });
      const error = failed ? outcome : statusError(outcome, where);
      const wait = (failed ? undefined : retryAfter(outcome)) ?? Math.min(500 * 2 ** attempt, 8000);
      if (wait > maxWaitMs)
        fail("HTTP_STATUS", `${error.message}; the server asks to wait ${Math.ceil(wait / 1000)} seconds`, {
          where,
        });
      if (sleep === undefined || attempt >= retries) throw error;
      await sleep(wait, signal).catch((cause: unknown) => {
        throw signal?.aborted ? aborted(where, signal) : cause;
      });
    }
  };

  const follow = async (
    first: URL,
    range: Readonly<Record<string, string>>,
    options: FetchOptions,
  ): Promise<Answer> => {
    let url = first;
    let extras = options.headers ?? {};
    for (let hops = 0; ; hops++) {
      const secret = hops === 0 ? credentials?.(first.origin) : undefined;
      const headers = {
        "user-agent": "countersign",
        "accept-encoding": "identity",
        ...extras,
        ...secret,
        ...range,
      };
      const answer = await ask(url, headers, options.signal);
      if (!isRedirect(answer.response)) return answer;
      drop(answer);
      const where = shownUrl(url);
      const target =
        answer.response.headers.location ?? fail("HTTP_REFUSED", "a redirect without a target", { where });
      if (hops >= maxRedirects) fail("HTTP_REFUSED", `more than ${maxRedirects} redirects`, { where });
      const next = checkUrl(target, url, allow, "HTTP_REFUSED");
      if (next.origin !== url.origin) extras = {};
      url = next;
    }
  };

  const fetchStream: HttpClient["fetchStream"] = async (text, options = {}) => {
    const { start = 0, expectedSize } = options;
    const limit = Math.min(options.limit ?? Number.MAX_SAFE_INTEGER, expectedSize ?? Number.MAX_SAFE_INTEGER);
    if (!Number.isSafeInteger(start) || start < 0 || start > (expectedSize ?? start))
      throw new TypeError(`start must be 0 to ${expectedSize ?? "the size"}, not ${start}`);
    const first = checkUrl(text, undefined, allow, "LOCATOR_UNKNOWN");
    if (start > 0 && start === expectedSize)
      return { url: shownUrl(first), stream: emptyStream(), size: expectedSize, ranged: true };

    const range: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
    const wanted = { start, expectedSize, limit };
    const answer = await follow(first, range, options);
    if (start === 0 || !isWrongRange(answer.response, start)) return take(answer, wanted);
    // A range that is not the one asked for could splice two files: the whole is fetched instead.
    drop(answer);
    return take(await follow(first, {}, options), wanted);
  };

  const fetchBytes: HttpClient["fetchBytes"] = async (url, limit, options = {}) => {
    const { stream, url: where } = await fetchStream(url, { ...options, limit });
    return readAll(stream, limit, where);
  };

  return { fetchStream, fetchBytes };
}

/** The answer, or the reason why none came. */
async function send(
  transport: Transport,
  request: Parameters<Transport>[0],
  watch: Watch,
  where: string,
): Promise<TransportResponse | CountersignError> {
  const stopped = new Promise<CountersignError>((resolve) => watch.onStop(resolve));
  const answered = transport({ ...request, signal: watch.signal }).catch((error: unknown) =>
    asFailure(error, where),
  );
  const outcome = await Promise.race([stopped, answered]);
  if (outcome instanceof CountersignError) watch.end();
  else watch.arrived();
  return outcome;
}

interface Wanted {
  readonly start: number;
  readonly expectedSize: number | undefined;
  readonly limit: number;
}

/** The body of an answer, once its headers break no rule. */
function take(answer: Answer, { start, expectedSize, limit }: Wanted): FetchedStream {
  const { response, url, watch } = answer;
  const where = shownUrl(url);
  try {
    const total = start === 0 ? undefined : rangeTotal(response, start);
    if (response.status === 206 && total === undefined)
      fail("HTTP_REFUSED", "a part of the file although the whole was asked for", { where });
    if (response.status !== 206 && response.status !== 200) throw statusError(response, where);
    checkIdentity(response, where);
    const announced = contentLength(response, where);
    if (total !== undefined && announced !== undefined && announced !== total - start)
      fail("NETWORK_FAILED", `content-range says ${total - start} bytes, content-length ${announced}`, {
        where,
      });
    const size = total ?? announced;
    if (expectedSize !== undefined && size !== undefined && size !== expectedSize)
      fail("NETWORK_FAILED", `expected ${expectedSize} bytes, the server announces ${size}`, { where });
    if (size !== undefined && size > limit)
      fail("HTTP_REFUSED", `${size} bytes are announced, more than ${limit}`, { where });
    const begin = total === undefined ? 0 : start;
    const whole = size ?? expectedSize;
    const length = whole === undefined ? undefined : whole - begin;
    const rule = { length, skip: start - begin, limit: limit - begin, where };
    return { url: where, stream: countedBody(response.body, rule, watch), size, ranged: begin === start };
  } catch (error) {
    drop(answer);
    throw error;
  }
}

/** Nobody reads this body. */
function drop({ response, watch }: Answer): void {
  watch.end();
  response.body.cancel().catch(() => undefined);
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
