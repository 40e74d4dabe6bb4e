import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { bytesSource, httpClient, readAll } from "@countersign/core";
import { afterEach, expect, test } from "vitest";
import { nodeTransport } from "../src/transport.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/f`;
}

const transport = nodeTransport();
const client = httpClient({ transport, sleep: (ms, signal) => delay(ms, undefined, { signal }), retries: 0 });
const code = (expected: string) => expect.objectContaining({ code: expected });

test("bytes arrive as they were sent, encoded or not", async () => {
  const encoded = gzipSync("hello");
  const url = await serve((_, response) => response.setHeader("content-encoding", "gzip").end(encoded));
  const { status, headers, body } = await transport({ method: "GET", url, headers: {} });
  expect([status, headers["content-encoding"]]).toEqual([200, "gzip"]);
  expect(Buffer.from(await readAll(body, 1000, ""))).toEqual(encoded);
  await expect(client.fetchBytes(url, 1000)).rejects.toEqual(code("HTTP_REFUSED"));
});

test("a body larger than every buffer streams through whole", async () => {
  const block = Buffer.alloc(1 << 20, "block");
  const url = await serve((_, response) => {
    let left = 16;
    const more = () => {
      while (left-- > 0) if (!response.write(block)) return response.once("drain", more);
      return response.end();
    };
    more();
  });
  const { stream } = await client.fetchStream(url);
  const all = Buffer.from(await readAll(stream, 1 << 25, ""));
  expect(all.equals(Buffer.concat(Array(16).fill(block)))).toBe(true);
});

test("an upload is sent with its length, from a source that can be read again", async () => {
  const seen: unknown[] = [];
  const url = await serve(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    seen.push(request.method, request.headers["content-length"], request.headers["transfer-encoding"]);
    seen.push(Buffer.concat(parts).toString());
    response.writeHead(201).end();
  });
  const body = bytesSource("a", Buffer.from("content"));
  const { status, body: answer } = await transport({ method: "PUT", url, headers: {}, body });
  await readAll(answer, 10, "");
  expect([status, seen]).toEqual([201, ["PUT", "7", undefined, "content"]]);
});

test("a connection cut in the middle of the body is a failure, with and without a length", async () => {
  const cut = await serve((_, response) => {
    response.setHeader("content-length", "100");
    response.write("half", () => response.destroy());
  });
  await expect(client.fetchBytes(cut, 1000)).rejects.toEqual(code("NETWORK_FAILED"));
  const chunked = await serve((_, response) => {
    response.write("half", () => response.destroy());
  });
  await expect(client.fetchBytes(chunked, 1000)).rejects.toEqual(code("NETWORK_FAILED"));
});

test("an abort ends the connection; a refused connection is a failure", async () => {
  let closed: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const url = await serve((request, response) => {
    request.on("close", closed);
    response.write("x");
  });
  const stop = new AbortController();
  const { stream } = await client.fetchStream(url, { signal: stop.signal });
  const reader = stream.getReader();
  await reader.read();
  const next = expect(reader.read()).rejects.toEqual(code("ABORTED"));
  stop.abort();
  await next;
  await gone;
  for (const close of closers.splice(0)) close();
  await expect(client.fetchBytes(url, 10)).rejects.toEqual(code("NETWORK_FAILED"));
});

test("a redirect to another origin is followed without credentials", async () => {
  const seen: (string | undefined)[] = [];
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end("there");
  });
  const url = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(302, { location: other }).end("go");
  });
  const secret = httpClient({ transport, credentials: () => ({ authorization: "Bearer t" }) });
  expect(Buffer.from(await secret.fetchBytes(url, 10)).toString()).toBe("there");
  expect(seen).toEqual(["Bearer t", undefined]);
});

test("a body that never ends is cut off", async () => {
  const url = await serve((_, response) => {
    const more = (): void => {
      while (response.write(Buffer.alloc(65536)));
      response.once("drain", more);
    };
    more();
  });
  await expect(client.fetchBytes(url, 1 << 20)).rejects.toEqual(code("HTTP_REFUSED"));
});
