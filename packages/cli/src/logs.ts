/** The logs that `publish` may write. */

import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { fail, type LogWriter, type Policy } from "@countersign/core";
import { readConfig } from "@countersign/node";
import { type Call, optionText } from "./command.ts";

export const logOptions = {
  log: { type: "string", value: "DIR", summary: "the log to record in (default: log in countersign.yaml)" },
  "log-key": {
    type: "string",
    value: "FILE",
    summary: "its secret key (default: DIR.key, or COUNTERSIGN_LOG_KEY)",
  },
} as const;

/** @throws LOG_MISSING · FILE_UNREADABLE — the key · KEY_MALFORMED */
export async function openLogs(call: Call, policy: Policy): Promise<readonly LogWriter[]> {
  const { cwd, env } = call.context;
  const config = optionText(call, "log") === undefined ? (await readConfig(cwd)).log : undefined;
  const directory = optionText(call, "log") ?? config?.directory;
  if (directory === undefined) {
    if (policy.logs.atLeast === 0) return [];
    return fail("LOG_MISSING", "the policy asks for a log, and none was named");
  }
  return [
    await openLog(
      resolve(cwd, directory),
      optionText(call, "log-key") ?? config?.key,
      call,
      env.COUNTERSIGN_LOG_KEY,
    ),
  ];
}

/**
 * @param keyFile default: the directory's name with `.key`
 * @param keyText the key itself, where there is no file
 */
export async function openLog(
  directory: string,
  keyFile: string | undefined,
  { context }: Call,
  keyText: string | undefined,
): Promise<LogWriter & { readonly path: string }> {
  await access(directory).catch(() =>
    fail("LOG_MISSING", `there is no log in ${directory}`, { where: directory }),
  );
  const { directoryLogWriter, readLogKey } = await import("@countersign/log-tiles");
  const key =
    keyFile === undefined && keyText !== undefined
      ? keyText.trim()
      : await readLogKey(resolve(context.cwd, keyFile ?? defaultKeyFile(directory)));
  return { ...(await directoryLogWriter({ directory, key })), path: directory };
}

/** Beside the log, never in it: the log's directory is served. */
export function defaultKeyFile(directory: string): string {
  return `${directory.replace(/\/+$/, "")}.key`;
}
