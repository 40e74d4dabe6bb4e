/** The HTTP client's door. */

export {
  type FetchedStream,
  type FetchOptions,
  type FetchStreamOptions,
  type HttpClient,
  type HttpClientOptions,
  httpClient,
} from "./client.ts";
export type { UrlPolicy } from "./url.ts";
export type { Sleep } from "./watch.ts";
