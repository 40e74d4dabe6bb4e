/** node:fs/promises, but the process is killed before its N-th step that changes something; a write is left half done. */

import * as real from "node:fs/promises";

const killAt = Number(process.env.KILL_AT ?? Number.POSITIVE_INFINITY);
let steps = 0;

async function step(halfDone?: () => Promise<unknown>): Promise<void> {
  if (++steps !== killAt) return;
  await halfDone?.();
  process.kill(process.pid, "SIGKILL");
  // The signal is on its way: do nothing more.
  await new Promise(() => setInterval(() => undefined, 1000));
}

export const { readFile, readdir, readlink } = real;
export const link: typeof real.link = async (...args) => {
  await step();
  return real.link(...args);
};
export const rename: typeof real.rename = async (...args) => {
  await step();
  return real.rename(...args);
};
export const rm: typeof real.rm = async (...args) => {
  await step();
  return real.rm(...args);
};
export const mkdir = (async (...args: Parameters<typeof real.mkdir>) => {
  await step();
  return real.mkdir(...args);
}) as typeof real.mkdir;
export const writeFile: typeof real.writeFile = async (path, text, options) => {
  await step(() => real.writeFile(path, String(text).slice(0, 20), options));
  return real.writeFile(path, text, options);
};
export const open: typeof real.open = async (...args) => {
  if (args[1] === "wx") await step();
  const file = await real.open(...args);
  const { writeFile: write, sync } = file;
  file.writeFile = async (bytes, ...rest) => {
    await step(() => write.call(file, (bytes as Uint8Array).subarray(0, (bytes as Uint8Array).length >> 1)));
    return write.call(file, bytes, ...rest);
  };
  file.sync = async () => {
    await step();
    return sync.call(file);
  };
  return file;
};
