/** The commands: a summary to list, and the module that is loaded when it is called. */

import type { Command } from "../command.ts";

export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command<unknown>>;
}

export const commands: Readonly<Record<string, CommandEntry>> = {
  init: {
    summary: "write countersign.yaml and a policy to edit",
    load: async () => (await import("./init.ts")).command,
  },
  tag: {
    summary: "make a signed tag that names its content by SHA-256",
    load: async () => (await import("./tag.ts")).command,
  },
  pack: {
    summary: "make tarballs, statement and manifest from a signed tag",
    load: async () => (await import("./pack.ts")).command,
  },
  sign: { summary: "sign a packed release", load: async () => (await import("./sign.ts")).command },
  stage: {
    summary: "upload a release where users are not shown it",
    load: async () => (await import("./stage.ts")).command,
  },
  status: {
    summary: "say what is where, who signed, who is missing",
    load: async () => (await import("./status.ts")).command,
  },
  publish: {
    summary: "check the policy, record the release, make it visible",
    load: async () => (await import("./publish.ts")).command,
  },
  verify: {
    summary: "check files, a directory, a URL or a release",
    load: async () => (await import("./verify.ts")).command,
  },
  get: {
    summary: "download a release, verified while it streams",
    load: async () => (await import("./get.ts")).command,
  },
  trust: { summary: "pin, show and remove policies", load: async () => (await import("./trust.ts")).command },
  policy: { summary: "check and seal a policy", load: async () => (await import("./policy.ts")).command },
  keys: {
    summary: "make a key, show what is in a key file",
    load: async () => (await import("./keys.ts")).command,
  },
  log: {
    summary: "make a transparency log, append to it, prove, check",
    load: async () => (await import("./log.ts")).command,
  },
};
