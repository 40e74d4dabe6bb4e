/** @countersign/node/network: HTTP on Node, and the forges that read and write with it. */

import { setTimeout } from "node:timers/promises";
import { type Forge, type HttpClient, httpClient } from "@countersign/core";
import { directoryForge, webForge } from "@countersign/forge-directory";
import { nodeTransport } from "./transport.ts";

export { nodeTransport };

/** The HTTP client over Node's transport; without credentials. */
export function nodeHttpClient(): HttpClient {
  return httpClient({
    transport: nodeTransport(),
    sleep: (ms, signal) => setTimeout(ms, undefined, { signal, ref: false }),
  });
}

/** A small file from the web. @param limit bytes at most @throws NETWORK_FAILED · HTTP_STATUS · FILE_TOO_LARGE … */
export function fetchBytes(url: string, limit: number, signal?: AbortSignal): Promise<Uint8Array> {
  return nodeHttpClient().fetchBytes(url, limit, { signal });
}

/** The forges that come with the house; the first that knows a locator is its. */
export function forges(): readonly Forge[] {
  return [directoryForge(), webForge({ client: nodeHttpClient() })];
}
