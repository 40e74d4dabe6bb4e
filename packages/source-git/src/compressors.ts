/** From a tar to the file that users fetch. Which program made it, and how, is recorded: its bytes depend on that. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import { type Compressor, CountersignError, fail, printable } from "@countersign/core";
import { scrubbedEnvironment } from "./git.ts";
import type { FinishedFile, OutputFile } from "./output-directory.ts";

export type PackFormat = "tar" | "tar.gz" | "tar.xz";

/** One artifact on its way to disk. */
export interface ArtifactStream {
  /** The bytes of the tar; they hold until it resolves. */
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<FinishedFile>;
  /** After an error: ends what still runs. */
  abort(): void;
}

/** Gzip's strongest; the header has neither name nor time. */
const gzipLevel = 9;
// One thread: with several, the bytes depend on how many, and not every version makes them alike.
const xzArguments = ["-6", "-T1", "--no-adjust"];

/**
 * The compressor for a format as this machine has it; undefined for a plain tar.
 * @throws TOOL_MISSING — there is no xz
 */
export async function findCompressor(format: PackFormat): Promise<Compressor | undefined> {
  if (format === "tar") return undefined;
  if (format === "tar.gz")
    return { program: "zlib", version: process.versions.zlib ?? "unknown", settings: `-${gzipLevel}` };
  return { program: "xz", version: await xzVersion(), settings: xzArguments.join(" ") };
}

/** Opens the way from tar to file. */
export function openArtifact(format: PackFormat, file: OutputFile): ArtifactStream {
  if (format === "tar.gz") return gzip(file);
  if (format === "tar.xz") return xz(file);
  return { write: file.write, end: file.finish, abort: () => undefined };
}

function gzip(file: OutputFile): ArtifactStream {
  const stream = createGzip({ level: gzipLevel, chunkSize: 256 << 10 });
  return through(stream, drain(stream, file), file, () => void stream.destroy());
}

function xz(file: OutputFile): ArtifactStream {
  const child = spawn("xz", [...xzArguments, "--compress", "--stdout"], {
    env: scrubbedEnvironment(),
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (errors.length < 2000) errors += text;
  });
  const ended = once(child, "close");
  ended.catch(() => undefined);
  const done = (async (): Promise<void> => {
    await drain(child.stdout, file);
    const [status, signal] = await ended.catch((cause: unknown) =>
      fail("TOOL_MISSING", "xz cannot be started", { cause }),
    );
    if (status !== 0)
      fail("TOOL_FAILED", `xz failed (${status ?? signal}): ${printable(errors.trim() || "nothing")}`);
  })();
  return through(child.stdin, done, file, () => void child.kill());
}

/** Writes into `entrance` while `done` carries its output to the file; a failure of either ends the write at hand. */
function through(
  entrance: Writable,
  done: Promise<void>,
  file: OutputFile,
  abort: () => void,
): ArtifactStream {
  let failure: unknown;
  let refuse: ((error: unknown) => void) | undefined;
  const end = (error: unknown): void => {
    failure ??= error;
    refuse?.(failure);
  };
  done.then(() => end(new CountersignError("TOOL_FAILED", "the compressor ended before its input")), end);
  // What a closed entrance says is less than what `done` will say.
  entrance.on("error", () => done.then(undefined, end));
  return {
    write: async (chunk) =>
      await new Promise<void>((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        refuse = reject;
        entrance.write(chunk, (error) => {
          if (!error) resolve();
        });
      }),
    async end() {
      refuse = undefined;
      entrance.end();
      await done;
      return await file.finish();
    },
    abort,
  };
}

async function drain(stream: NodeJS.ReadableStream, file: OutputFile): Promise<void> {
  for await (const part of stream) await file.write(part as Buffer);
}

async function xzVersion(): Promise<string> {
  const child = spawn("xz", ["--version"], {
    env: scrubbedEnvironment(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(child, "close").catch((cause: unknown) => {
    throw new CountersignError("TOOL_MISSING", "the program xz is needed for .tar.xz", { cause });
  });
  return /\d+\.\d+\S*/.exec(text)?.[0] ?? "unknown";
}
