/** What core's HTTP client is handed: one request, one answer, bytes as they came. */

import type { Source } from "./source.ts";

export interface TransportRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Source | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TransportResponse {
  readonly status: number;
  /** Lower-case names; the last value of a repeated header. */
  readonly headers: Readonly<Record<string, string>>;
  /** Never decoded: a `content-encoding` is left as it is. */
  readonly body: ReadableStream<Uint8Array>;
}

/** Follows no redirect, adds no credentials, decodes nothing. Rejects when no answer came. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;
