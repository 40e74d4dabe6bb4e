/** Runs a signing program: no shell, the message on its standard input, all that it says bounded. Node only. */

import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import {
  CountersignError,
  fail,
  printable,
  type RunProgram,
  readStream,
  type Source,
} from "@countersign/core";

/** Bytes of each of its outputs, at most. */
const maxOutput = 1 << 20;

export const runProgram: RunProgram = async ({ command, args, input, signal }) => {
  signal?.throwIfAborted();
  // The agent's prompts need the terminal, so the program stays in our session and keeps our environment.
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    shell: false,
    windowsHide: true,
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", (cause) => reject(startError(command, cause)));
    child.once("close", (code, name) => resolve(code ?? name ?? "SIGKILL"));
  });
  const stop = (): void => void child.kill("SIGTERM");
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const [exit, , output, errors, status] = await Promise.all([
      ended,
      feed(child.stdin, input, signal).catch((error: unknown) => {
        stop();
        throw error;
      }),
      collect(child.stdout, command, stop),
      collect(child.stderr, command, stop),
      collect(child.stdio[3] as Readable, command, stop),
    ]);
    signal?.throwIfAborted();
    if (typeof exit !== "number") return fail("SIGNER_FAILED", `${printable(command)} was ended by ${exit}`);
    return { exit, output, status: decode(status), errors: decode(errors) };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
};

async function feed(
  stdin: Writable,
  input: Source | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  // A program that refuses early closes its input; its exit status says why.
  let open = true;
  const closed = new Promise<void>((resolve) => {
    const done = (): void => {
      open = false;
      resolve();
    };
    stdin.on("error", done);
    stdin.once("close", done);
  });
  if (input) {
    let size = 0;
    for await (const chunk of readStream(input.open({ signal }))) {
      if (!open) return;
      size += chunk.length;
      if (!stdin.write(chunk)) await Promise.race([closed, drained(stdin)]);
    }
    if (size !== input.size)
      throw new CountersignError("FILE_CHANGED", `${input.name} had ${input.size} bytes and gave ${size}`, {
        where: input.name,
      });
  }
  stdin.end();
}

function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => stdin.once("drain", resolve));
}

async function collect(stream: Readable, command: string, stop: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    if (size > maxOutput) {
      stop();
      fail("SIGNER_FAILED", `${printable(command)} wrote more than ${maxOutput} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function startError(command: string, cause: Error): CountersignError {
  const missing = "code" in cause && cause.code === "ENOENT";
  return missing
    ? new CountersignError("TOOL_MISSING", `there is no program ${printable(command)}`, { cause })
    : new CountersignError("SIGNER_FAILED", `${printable(command)} could not be started`, { cause });
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
