/** Node's transport for core's HTTP client: node:http, because `fetch` decodes bodies and keeps uploads in memory. */

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import type { Transport, TransportRequest, TransportResponse } from "@countersign/core";

/** Bytes kept between the socket and a reader that is busy hashing or writing. */
const window = 1024 * 1024;

/** Connections are kept alive and do not keep the process alive. Bytes are handed on as they came. */
export function nodeTransport(): Transport {
  const shared = { keepAlive: true, scheduling: "lifo" as const, highWaterMark: window };
  const http = new HttpAgent(shared);
  const https = new HttpsAgent(shared);

  return ({ method, url, headers, body, signal }: TransportRequest): Promise<TransportResponse> => {
    const secure = url.startsWith("https:");
    const length = body === undefined ? {} : { "content-length": String(body.size) };
    return new Promise((resolve, reject) => {
      const options = {
        method,
        headers: { ...headers, ...length },
        agent: secure ? https : http,
        ...(signal && { signal }),
      };
      const request = secure ? httpsRequest(url, options) : httpRequest(url, options);
      request.on("error", reject);
      request.on("response", (message) =>
        resolve({
          status: message.statusCode ?? 0,
          headers: lastValues(message),
          body: bodyStream(message),
        }),
      );
      if (body === undefined) request.end();
      else
        pipeline(Readable.fromWeb(body.open({ signal }) as NodeReadableStream), request).catch((error) => {
          request.destroy();
          reject(error);
        });
    });
  };
}

function lastValues({ rawHeaders }: IncomingMessage): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    headers[(rawHeaders[i] ?? "").toLowerCase()] = rawHeaders[i + 1] ?? "";
  return headers;
}

/** Enqueues each chunk as it comes, and pauses the socket when the window is full. */
function bodyStream(message: IncomingMessage): ReadableStream<Uint8Array> {
  let open = true;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = (error: Error): void => {
          if (!open) return;
          open = false;
          controller.error(error);
        };
        message.on("data", (chunk: Buffer) => {
          if (!open) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) message.pause();
        });
        message.on("end", () => {
          if (!open) return;
          open = false;
          if (message.complete) controller.close();
          else controller.error(new Error("the connection ended in the middle of the body"));
        });
        message.on("error", fail);
        message.on("close", () => fail(new Error("the connection was closed in the middle of the body")));
        message.pause();
      },
      pull() {
        message.resume();
      },
      cancel() {
        open = false;
        message.destroy();
      },
    },
    { highWaterMark: window, size: (chunk) => chunk?.byteLength ?? 0 },
  );
}
