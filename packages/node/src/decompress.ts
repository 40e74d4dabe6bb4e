/** How to read compressed tars on Node: gzip in process, xz by the system's program where it is installed. */

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Decompressors } from "@countersign/core";

/** @param path the PATH variable */
export function decompressors(path: string | undefined): Decompressors {
  const xz = findProgram("xz", path);
  return {
    "tar.gz": (stream) => later(async () => (await import("./unpack.ts")).gunzip(stream)),
    ...(xz && { "tar.xz": (stream) => later(async () => (await import("./unxz.ts")).unxz(stream, xz)) }),
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

/** A stream that begins when it is first read. */
function later(open: () => Promise<ReadableStream<Uint8Array>>): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream(
    {
      async pull(controller) {
        reader ??= (await open()).getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
