/** `countersign trust`: the policies that a person has pinned. */

import { resolve } from "node:path";
import { describeQuorum, fail, maxPolicySize, type Policy, parsePolicy } from "@countersign/core";
import { adapters, homeDirectory, readSmallFile, trustStore } from "@countersign/node";
import { type Call, defineCommand, optionFlag } from "../command.ts";
import { plain } from "../look.ts";

interface Summary {
  readonly project: string;
  readonly serial: number;
  readonly sha256: string;
  readonly signers: readonly {
    readonly name: string;
    readonly keys: readonly {
      readonly scheme: string;
      readonly id: string;
      readonly labels: readonly string[];
    }[];
  }[];
  readonly require: { readonly tag?: string; readonly release: string };
  readonly logs: readonly string[];
}

interface Result {
  readonly action: "added" | "list" | "show" | "removed";
  readonly policies: readonly Summary[];
}

export const command = defineCommand<Result>({
  summary: "pin, show and remove policies",
  usage: ["trust add FILE|URL [--yes]", "trust list", "trust show PROJECT", "trust remove PROJECT"],
  arity: [1, 2],
  options: {
    yes: { type: "boolean", summary: "pin without asking; compare the fingerprints yourself first" },
  },
  details:
    "A pinned policy is what verify, get, status and publish believe. Compare its fingerprints with what the project says elsewhere:\na policy that comes from the same host as the files proves nothing.",
  examples: [
    "countersign trust add qemu.policy",
    "countersign trust list",
    "countersign trust remove https://gitlab.com/qemu-project/qemu",
  ],
  async run(call) {
    const store = trustStore(homeDirectory(call.context.env));
    const [action = "", subject] = call.args;
    switch (action) {
      case "add": {
        const { bytes, where } = await readSubject(subject, call);
        const policy = await parsePolicy(bytes, adapters, where);
        const summary = summarize(policy);
        const pinned = await store.find(summary.project);
        if (pinned?.policy.sha256 !== policy.sha256 && !optionFlag(call, "yes")) {
          call.context.note(renderSummary(summary));
          if (!(await call.context.ask("Have you compared these fingerprints, and pin this policy?")))
            fail("POLICY_NOT_PINNED", "nothing was pinned", {
              hint: "Answer y, or give --yes where nobody can be asked.",
            });
        }
        await store.add(bytes, policy);
        return { result: { action: "added", policies: [summary] } };
      }
      case "list":
        return { result: { action, policies: (await store.list()).map(({ policy }) => summarize(policy)) } };
      case "show": {
        const pinned = await store.find(subject ?? needProject());
        return {
          result: {
            action,
            policies: [
              summarize(
                pinned?.policy ??
                  fail("POLICY_NOT_PINNED", `no policy is pinned for ${plain(subject ?? "")}`),
              ),
            ],
          },
        };
      }
      case "remove": {
        const project = subject ?? needProject();
        // A damaged one cannot be shown, but it can go.
        const pinned = await store.find(project).catch(() => undefined);
        await store.remove(project);
        return { result: { action: "removed", policies: pinned ? [summarize(pinned.policy)] : [] } };
      }
      default:
        return fail("USAGE", `trust knows add, list, show and remove, not ${plain(action)}`);
    }
  },
  render({ action, policies }) {
    if (action === "list" && policies.length === 0)
      return "No policy is pinned. `countersign trust add FILE` pins one.";
    if (action === "list")
      return policies
        .map(
          ({ project, serial, require }) =>
            `${plain(project)}   serial ${serial}, release by ${require.release}`,
        )
        .join("\n");
    const words = { added: "pinned\n", removed: "removed\n", show: "" };
    return policies
      .map((one) => `${words[action as keyof typeof words] ?? ""}${renderSummary(one)}`)
      .join("\n");
  },
});

export function summarize(policy: Policy): Summary {
  return {
    project: policy.project ?? "",
    serial: policy.serial,
    sha256: policy.sha256,
    signers: policy.signers.map(({ name, keys }) => ({
      name,
      keys: keys.map(({ scheme, id, labels }) => ({ scheme, id, labels })),
    })),
    require: {
      release: describeQuorum(policy.require.release),
      ...(policy.require.tag && { tag: describeQuorum(policy.require.tag) }),
    },
    logs: policy.logs.of.map(({ text }) => text),
  };
}

export function renderSummary({ project, serial, sha256, signers, require, logs }: Summary): string {
  return [
    `policy of ${plain(project)}, serial ${serial}`,
    `  sha256   ${sha256}`,
    ...(require.tag === undefined ? [] : [`  tag      ${require.tag}`]),
    `  release  ${require.release}`,
    ...signers.flatMap(({ name, keys }) =>
      keys.map(
        ({ scheme, id, labels }) =>
          `  ${name}   ${scheme} ${id}${labels.length > 0 ? `   ${labels.map(plain).join(", ")}` : ""}`,
      ),
    ),
    ...logs.map((key) => `  log      ${plain(key)}`),
  ].join("\n");
}

async function readSubject(
  subject: string | undefined,
  call: Call,
): Promise<{ bytes: Uint8Array; where: string }> {
  if (subject === undefined) return fail("USAGE", "trust add needs a file or URL");
  if (/^https?:\/\//.test(subject)) {
    const { fetchBytes } = await import("@countersign/node/network");

    return { bytes: await fetchBytes(subject, maxPolicySize, call.context.signal), where: subject };
  }
  const path = resolve(call.context.cwd, subject);
  return { bytes: await readSmallFile(path, maxPolicySize), where: path };
}

function needProject(): never {
  return fail("USAGE", "name the project's URI, as `countersign trust list` shows it");
}
