/** How to read compressed tars on Node: gzip in process, xz by the system's program where it is installed. */

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Duplex, PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { CountersignError, type Decompressors } from "@countersign/core";

/** @param path the PATH variable */
export function decompressors(path: string | undefined): Decompressors {
  const xz = findProgram("xz", path);
  return {
    "tar.gz": (stream) => through(stream, createGunzip()),
    ...(xz && { "tar.xz": (stream) => unxz(stream, xz) }),
  };
}

/** The first executable of this name, without running it. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  return (path ?? "")
    .split(delimiter)
    .filter((directory) => directory.startsWith("/"))
    .map((directory) => join(directory, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function through(stream: ReadableStream<Uint8Array>, transform: Duplex): ReadableStream<Uint8Array> {
  pipeline(Readable.fromWeb(stream as never), transform).catch((error) => transform.destroy(error));
  return Readable.toWeb(transform) as ReadableStream<Uint8Array>;
}

function unxz(stream: ReadableStream<Uint8Array>, xz: string): ReadableStream<Uint8Array> {
  // A limit on memory: a hostile header may ask for gigabytes.
  const child = spawn(xz, ["--decompress", "--stdout", "--memlimit-decompress=512MiB"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const output = new PassThrough();
  const fail = (cause: unknown): void => {
    output.destroy(new CountersignError("ARCHIVE_MALFORMED", "xz cannot unpack it", { cause }));
  };
  child.on("error", fail);
  // Its end counts only with the exit status: a cut archive also ends.
  child.stdout.pipe(output, { end: false });
  child.on("close", (code) => (code === 0 ? output.end() : fail(new Error(`xz ended with ${code}`))));
  output.on("close", () => child.kill());
  pipeline(Readable.fromWeb(stream as never), child.stdin).catch(() => child.kill());
  return Readable.toWeb(output) as ReadableStream<Uint8Array>;
}
