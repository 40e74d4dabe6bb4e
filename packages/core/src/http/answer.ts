/** What a status and its headers mean for the client: an error of ours, a wait, or a body to read. */

import { CountersignError, fail } from "../errors/index.ts";
import { printable } from "../formats/names.ts";
import type { TransportResponse } from "../ports/transport.ts";

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export function isRedirect({ status }: TransportResponse): boolean {
  return redirects.has(status);
}

/** Is it a status that may be gone a moment later? */
export function isPassing({ status }: TransportResponse): boolean {
  return passing.has(status);
}

/**
 * How long the server asks us to wait, in milliseconds. A date is measured against the answer's own `date`:
 * no clock is needed, and a wrong one does no harm. Undefined without a (readable) wish.
 * @see RFC 9110 §10.2.3
 */
export function retryAfter({ headers }: TransportResponse): number | undefined {
  const wish = headers["retry-after"]?.trim();
  if (wish === undefined) return undefined;
  if (/^\d{1,9}$/.test(wish)) return Number(wish) * 1000;
  const wait = Date.parse(wish) - Date.parse(headers.date ?? "");
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/**
 * The error of a status that is not 2xx. 404 and 410 are RELEASE_MISSING: the server knows that nothing is there,
 * and callers go on to look elsewhere; HTTP_STATUS is everything that says nothing about the file.
 */
export function statusError({ status }: TransportResponse, where: string): CountersignError {
  if (status === 401 || status === 403)
    return new CountersignError("ACCESS_REFUSED", `the server refuses access (HTTP ${status})`, { where });
  if (status === 404 || status === 410)
    return new CountersignError("RELEASE_MISSING", `nothing there (HTTP ${status})`, { where });
  return new CountersignError("HTTP_STATUS", `expected the file, the server answered HTTP ${status}`, {
    where,
  });
}

/** @throws HTTP_REFUSED — the bytes are encoded: what would be hashed is not what the release has */
export function checkIdentity({ headers }: TransportResponse, where: string): void {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity")
    fail("HTTP_REFUSED", `expected the bytes as they are, found content-encoding ${printable(encoding)}`, {
      where,
    });
}

/** Bytes of the body, as announced. @throws HTTP_REFUSED — not a number */
export function contentLength({ headers }: TransportResponse, where: string): number | undefined {
  const text = headers["content-length"]?.trim();
  if (text === undefined) return undefined;
  const length = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(length))
    fail("HTTP_REFUSED", `expected a content-length in digits, found ${printable(text)}`, { where });
  return length;
}

/** Is this an answer to another range than from `start` to the end? */
export function isWrongRange(response: TransportResponse, start: number): boolean {
  return response.status === 416 || (response.status === 206 && rangeTotal(response, start) === undefined);
}

/**
 * The whole size of the file, if this 206 begins at `start` and goes to the file's end; undefined for any other range.
 * @see RFC 9110 §14.4
 */
export function rangeTotal({ status, headers }: TransportResponse, start: number): number | undefined {
  if (status !== 206) return undefined;
  const [, first, last, total] =
    /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(headers["content-range"] ?? "") ?? [];
  return Number(first) === start && Number(last) + 1 === Number(total) && start < Number(total)
    ? Number(total)
    : undefined;
}
