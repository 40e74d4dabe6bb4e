/** Unpacking streams. Loaded when an archive is read, and not before. */

import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** Bytes at a time: few enough turns of the event loop, small enough for the cache. */
const chunkSize = 256 << 10;

export function gunzip(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return through(stream, createGunzip({ chunkSize }));
}

function through(stream: ReadableStream<Uint8Array>, transform: Duplex): ReadableStream<Uint8Array> {
  pipeline(Readable.fromWeb(stream as never), transform).catch((error) => transform.destroy(error));
  return Readable.toWeb(transform) as ReadableStream<Uint8Array>;
}
