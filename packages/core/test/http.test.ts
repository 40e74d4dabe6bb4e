import { describe, expect, test } from "vitest";
import { readAll, readStream } from "../src/formats/digest.ts";
import { type HttpClientOptions, httpClient } from "../src/http/client.ts";
import type { Transport, TransportRequest } from "../src/ports/transport.ts";

type Canned = {
  status?: number;
  headers?: Record<string, string>;
  body?: string | ReadableStream<Uint8Array>;
};
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const streamOf = (...parts: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(bytes(part));
      controller.close();
    },
  });

/** A transport that answers from a script: by URL, or in order. */
function canned(answers: Record<string, Canned | Canned[]> | Canned[]) {
  const requests: TransportRequest[] = [];
  const counts = new Map<string, number>();
  const transport: Transport = async (request) => {
    requests.push(request);
    const script = Array.isArray(answers) ? answers : answers[request.url];
    if (script === undefined) throw new Error(`nobody listens at ${request.url}`);
    const key = Array.isArray(answers) ? "" : request.url;
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    const answer = Array.isArray(script) ? (script[nth] ?? script.at(-1) ?? {}) : script;
    const { status = 200, headers = {}, body = "" } = answer;
    return { status, headers, body: typeof body === "string" ? streamOf(body) : body };
  };
  return { transport, requests };
}

function client(answers: Parameters<typeof canned>[0], options: Partial<HttpClientOptions> = {}) {
  const { transport, requests } = canned(answers);
  const waits: number[] = [];
  const sleep = async (ms: number) => {
    waits.push(ms);
  };
  return { http: httpClient({ transport, sleep, stallMs: 0, ...options }), requests, waits };
}

const a = "https://a.example/f";
const failsWith = (code: string, message = "") =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

describe("httpClient, addresses", () => {
  test.each(["ftp://a.example/f", "file:///etc/passwd", "nonsense", "https://user:secret@a.example/f"])(
    "refuses %s",
    async (url) => {
      const { http, requests } = client([{}]);
      const error = await http.fetchBytes(url, 10).catch((e: unknown) => e);
      expect(error).toEqual(failsWith("LOCATOR_UNKNOWN"));
      expect(String(error)).not.toContain("secret");
      expect(requests).toEqual([]);
    },
  );

  test.each([
    "http://a.example/f",
    "file:///etc/passwd",
    "https://u:p@b.example/",
    "https://denied.example/",
    "https://[",
  ])("refuses a redirect from https to %s", async (location) => {
    const allow = (url: URL) => url.hostname !== "denied.example" || "not this host";
    const { http, requests } = client({ [a]: { status: 302, headers: { location } } }, { allow });
    await expect(http.fetchBytes(a, 10)).rejects.toEqual(failsWith("HTTP_REFUSED"));
    expect(requests).toHaveLength(1);
  });

  test("follows redirects, at most as many as allowed", async () => {
    const hop = (location: string): Canned => ({ status: 302, headers: { location } });
    const answers = { [a]: hop("/g"), "https://a.example/g": hop("https://b.example/h?t=1") };
    const found = { ...answers, "https://b.example/h?t=1": { body: "yes" } };
    const { stream, url } = await client(found).http.fetchStream(a);
    expect([text(await readAll(stream, 10, "")), url]).toEqual(["yes", "https://b.example/h"]);
    await expect(client(found, { maxRedirects: 1 }).http.fetchBytes(a, 10)).rejects.toEqual(
      failsWith("HTTP_REFUSED", "more than 1 redirects"),
    );
    await expect(client([{ status: 302 }]).http.fetchBytes(a, 10)).rejects.toEqual(failsWith("HTTP_REFUSED"));
  });

  test("credentials go to their origin, and never past a redirect", async () => {
    const asked: string[] = [];
    const credentials = (origin: string) => {
      asked.push(origin);
      return { authorization: "Bearer secret" };
    };
    const { http, requests } = client(
      {
        [a]: { status: 302, headers: { location: "https://b.example/" } },
        "https://b.example/": { status: 307, headers: { location: "https://a.example/again" } },
        "https://a.example/again": { body: "ok" },
      },
      { credentials },
    );
    await http.fetchBytes(a, 10, { headers: { "x-more": "1" } });
    expect(asked).toEqual(["https://a.example"]);
    expect(requests.map((r) => [r.headers.authorization, r.headers["x-more"]])).toEqual([
      ["Bearer secret", "1"],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  test("neither query nor header text of a server reaches a message raw", async () => {
    const headers = { "content-encoding": "gz\u001b[31m" };
    const error = await client([{ headers }])
      .http.fetchBytes(`${a}?token=secret`, 10)
      .catch((e: unknown) => e);
    expect(error).toEqual(failsWith("HTTP_REFUSED"));
    expect(JSON.stringify([String(error), (error as { where: string }).where])).not.toMatch(/secret|\u001b/);
    expect(String(error)).not.toContain("\u001b");
  });
});

describe("httpClient, answers", () => {
  test.each([
    [401, "ACCESS_REFUSED"],
    [403, "ACCESS_REFUSED"],
    [404, "RELEASE_MISSING"],
    [410, "RELEASE_MISSING"],
    [418, "HTTP_STATUS"],
    [204, "HTTP_STATUS"],
    [304, "HTTP_STATUS"],
  ])("HTTP %i is %s, at once", async (status, code) => {
    const { http, waits } = client([{ status }]);
    await expect(http.fetchBytes(a, 10)).rejects.toEqual(failsWith(code));
    expect(waits).toEqual([]);
  });

  test("5xx and failed connections are tried again, then reported", async () => {
    const once = client([{ status: 503 }, { status: 500 }, { body: "ok" }]);
    expect(text(await once.http.fetchBytes(a, 10))).toBe("ok");
    expect(once.waits).toEqual([500, 1000]);
    const never = client([{ status: 502 }]);
    await expect(never.http.fetchBytes(a, 10)).rejects.toEqual(failsWith("HTTP_STATUS", "502"));
    expect(never.requests).toHaveLength(4);
    const dead = client({});
    await expect(dead.http.fetchBytes(a, 10)).rejects.toEqual(failsWith("NETWORK_FAILED", "nobody listens"));
    expect(dead.requests).toHaveLength(4);
  });

  test("Retry-After is honoured within bounds, as seconds and as a date", async () => {
    const date = "Sat, 21 Nov 2026 10:00:00 GMT";
    const later = "Sat, 21 Nov 2026 10:00:07 GMT";
    const { http, waits } = client([
      { status: 429, headers: { "retry-after": "3" } },
      { status: 503, headers: { "retry-after": later, date } },
      { status: 503, headers: { "retry-after": later } },
      { body: "ok" },
    ]);
    await http.fetchBytes(a, 10);
    expect(waits).toEqual([3000, 7000, 2000]);
    const long = client([{ status: 429, headers: { "retry-after": "86400" } }]);
    await expect(long.http.fetchBytes(a, 10)).rejects.toEqual(failsWith("HTTP_STATUS", "86400 seconds"));
    expect(long.waits).toEqual([]);
  });

  test.each<[string, string, Canned]>([
    ["a gzip encoding", "HTTP_REFUSED", { headers: { "content-encoding": "gzip" } }],
    ["a length that is no number", "HTTP_REFUSED", { headers: { "content-length": "-1" } }],
    ["a short body", "NETWORK_FAILED", { headers: { "content-length": "5" }, body: "1234" }],
    ["a body longer than announced", "HTTP_REFUSED", { headers: { "content-length": "3" }, body: "1234" }],
    ["an announced length above the limit", "HTTP_REFUSED", { headers: { "content-length": "11" } }],
    ["a body above the limit", "HTTP_REFUSED", { body: "12345678901" }],
    ["a part nobody asked for", "HTTP_REFUSED", { status: 206, headers: { "content-range": "bytes 0-3/4" } }],
  ])("refuses %s", async (_, code, answer) => {
    await expect(client([answer]).http.fetchBytes(a, 10)).rejects.toEqual(failsWith(code));
  });

  test("an endless body is cut off at the limit and cancelled", async () => {
    let cancelled = false;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1000;
        controller.enqueue(new Uint8Array(1000));
      },
      cancel() {
        cancelled = true;
      },
    });
    await expect(client([{ body }]).http.fetchBytes(a, 5000)).rejects.toEqual(failsWith("HTTP_REFUSED"));
    expect(cancelled).toBe(true);
    expect(sent).toBeLessThan(9000);
  });

  test.each<[string, Canned, string]>([
    [
      "an announced length that differs",
      { headers: { "content-length": "4" }, body: "1234" },
      "NETWORK_FAILED",
    ],
    ["a shorter body", { body: "1234" }, "NETWORK_FAILED"],
    ["a longer body", { body: "123456" }, "HTTP_REFUSED"],
  ])("with an expected size, refuses %s", async (_, answer, code) => {
    const read = async () => {
      const { stream } = await client([answer]).http.fetchStream(a, { expectedSize: 5 });
      return readAll(stream, 100, "");
    };
    await expect(read()).rejects.toEqual(failsWith(code));
  });
});

describe("httpClient, ranges", () => {
  const fetchFrom3 = async (answers: Canned[]) => {
    const { http, requests } = client(answers);
    const { stream, ranged, size } = await http.fetchStream(a, { start: 3, expectedSize: 6 });
    return {
      got: text(await readAll(stream, 10, "")),
      ranged,
      size,
      ranges: requests.map((r) => r.headers.range),
    };
  };
  const whole: Canned = { headers: { "content-length": "6" }, body: "abcdef" };

  test("takes the range asked for", async () => {
    const part = {
      status: 206,
      headers: { "content-range": "bytes 3-5/6", "content-length": "3" },
      body: "def",
    };
    expect(await fetchFrom3([part])).toEqual({ got: "def", ranged: true, size: 6, ranges: ["bytes=3-"] });
  });

  test("a server without ranges: what came before is dropped", async () => {
    const chunks = { body: streamOf("ab", "cde", "f") };
    expect(await fetchFrom3([whole])).toEqual({ got: "def", ranged: false, size: 6, ranges: ["bytes=3-"] });
    expect((await fetchFrom3([chunks])).got).toBe("def");
  });

  test.each([
    ["another start", 206, "bytes 2-5/6"],
    ["another end", 206, "bytes 3-4/6"],
    ["no total", 206, "bytes 3-5/*"],
    ["no header", 206, ""],
    ["not satisfiable", 416, "bytes */2"],
  ])("an answer with %s is not spliced: the whole is fetched", async (_, status, range) => {
    const wrong = { status, headers: { "content-range": range }, body: "xxx" };
    expect(await fetchFrom3([wrong, whole])).toEqual({
      got: "def",
      ranged: false,
      size: 6,
      ranges: ["bytes=3-", undefined],
    });
  });

  test("a range of a file of another size, or with another length, is refused", async () => {
    const other = { status: 206, headers: { "content-range": "bytes 3-6/7" }, body: "defg" };
    await expect(fetchFrom3([other])).rejects.toEqual(failsWith("NETWORK_FAILED"));
    const lies = {
      status: 206,
      headers: { "content-range": "bytes 3-5/6", "content-length": "2" },
      body: "de",
    };
    await expect(fetchFrom3([lies])).rejects.toEqual(failsWith("NETWORK_FAILED"));
    const short = { status: 206, headers: { "content-range": "bytes 3-5/6" }, body: "de" };
    await expect(fetchFrom3([short])).rejects.toEqual(failsWith("NETWORK_FAILED"));
  });

  test("nothing is asked where nothing is left; a start behind the end is a mistake", async () => {
    const { http, requests } = client([]);
    const { stream } = await http.fetchStream(a, { start: 6, expectedSize: 6 });
    expect([(await readAll(stream, 10, "")).length, requests.length]).toEqual([0, 0]);
    await expect(http.fetchStream(a, { start: 7, expectedSize: 6 })).rejects.toThrow(TypeError);
  });
});

describe("httpClient, endings", () => {
  test("an abort before, during the request and during the body is ABORTED", async () => {
    const before = client([{ body: "x" }]);
    await expect(before.http.fetchBytes(a, 10, { signal: AbortSignal.abort() })).rejects.toEqual(
      failsWith("ABORTED"),
    );
    expect(before.requests).toEqual([]);

    const silent = new AbortController();
    const hanging = httpClient({ transport: () => new Promise(() => undefined) });
    const pending = hanging.fetchBytes(a, 10, { signal: silent.signal });
    silent.abort();
    await expect(pending).rejects.toEqual(failsWith("ABORTED"));

    const late = new AbortController();
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes("x")),
      cancel: () => {
        cancelled = true;
      },
    });
    const { stream } = await client([{ body }]).http.fetchStream(a, { signal: late.signal });
    const read = async () => {
      for await (const _ of readStream(stream)) late.abort();
    };
    await expect(read()).rejects.toEqual(failsWith("ABORTED"));
    expect(cancelled).toBe(true);
  });

  test("an abort while waiting to try again", async () => {
    const stop = new AbortController();
    const sleep = async () => {
      stop.abort();
      throw new Error("aborted");
    };
    const { http } = client([{ status: 503 }], { sleep });
    await expect(http.fetchBytes(a, 10, { signal: stop.signal })).rejects.toEqual(failsWith("ABORTED"));
  });

  test("a server that goes silent is given up, a reader that is slow is not", async () => {
    const ticks: (() => void)[] = [];
    const sleep = (_: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        ticks.push(resolve);
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    const tick = async () => {
      ticks.shift()?.();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    };
    const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytes("x")) });
    const { http } = client([{ body }], { sleep, stallMs: 1000, retries: 0 });
    const { stream } = await http.fetchStream(a);
    for (let i = 0; i < 5; i++) await tick();
    const reader = stream.getReader();
    expect((await reader.read()).done).toBe(false);
    const next = expect(reader.read()).rejects.toEqual(
      failsWith("NETWORK_FAILED", "nothing came for 1000 ms"),
    );
    for (let i = 0; i < 3; i++) await tick();
    await next;
  });

  test("without an answer at all, too", async () => {
    const sleep = async () => undefined;
    const http = httpClient({ transport: () => new Promise(() => undefined), sleep, stallMs: 5, retries: 1 });
    await expect(http.fetchBytes(a, 10)).rejects.toEqual(failsWith("NETWORK_FAILED", "nothing came"));
  });
});
