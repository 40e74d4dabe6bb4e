/** Unpacks xz by the system's program. Apart, because starting programs is not needed for anything else that verifies. */

import { spawn } from "node:child_process";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CountersignError } from "@countersign/core";

/** @param xz path of the program */
export function unxz(stream: ReadableStream<Uint8Array>, xz: string): ReadableStream<Uint8Array> {
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
