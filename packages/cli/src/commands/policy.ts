/** `countersign policy`: check and seal. */

import { resolve } from "node:path";
import { CountersignError, fail, findSinglePoints, isCountersignError } from "@countersign/core";
import { readPolicy, type SealedPolicy, sealPolicyFile, writeNewFile } from "@countersign/node";
import { defineCommand, optionText } from "../command.ts";
import { mark, plain } from "../look.ts";
import { renderSummary, summarize } from "./trust.ts";

interface Result {
  readonly action: "check" | "seal";
  readonly policy: ReturnType<typeof summarize>;
  /** Attacks that one stolen key is enough for. */
  readonly weaknesses: readonly string[];
  readonly output?: string;
}

export const command = defineCommand<Result>({
  summary: "check and seal a policy",
  usage: ["policy check FILE", "policy seal FILE --output FILE"],
  arity: [2, 2],
  options: { output: { type: "string", value: "FILE", summary: "where to write the sealed policy" } },
  details:
    "check reads a policy to edit or a sealed one, with all its keys, and does the adversary's arithmetic: it fails (1) when one key is enough to make a release.\nseal puts the keys inline: one file, for users to pin.",
  examples: [
    "countersign policy check policy.yaml",
    "countersign policy seal policy.yaml --output qemu.policy",
  ],
  async run(call) {
    const [action, file = ""] = call.args;
    const path = resolve(call.context.cwd, file);
    if (action === "check") {
      const { policy } = await readEither(path);
      const weaknesses = findSinglePoints(policy).map(
        (name) => `one stolen key of ${name}'s is enough to make a release`,
      );
      if (policy.logs.atLeast === 0)
        weaknesses.push("no log is asked for: a signature made with a stolen key need never show");
      const alone = findSinglePoints(policy).length > 0;
      const error = alone
        ? new CountersignError("POLICY_WEAK", weaknesses[0] ?? "", { where: path })
        : undefined;
      return {
        result: { action, policy: summarize(policy), weaknesses },
        ...(error && { error, exit: 1 as const }),
      };
    }
    if (action !== "seal") return fail("USAGE", `policy knows check and seal, not ${plain(action ?? "")}`);
    const output =
      optionText(call, "output") ?? fail("USAGE", "say where the sealed policy goes: --output FILE");
    const { bytes, policy } = await sealPolicyFile(path);
    await writeNewFile(resolve(call.context.cwd, output), bytes);
    return { result: { action, policy: summarize(policy), weaknesses: [], output } };
  },
  render({ action, policy, weaknesses, output }, look) {
    const lines = [renderSummary(policy)];
    if (action === "seal")
      lines.push(
        `${mark(look, true)} sealed into ${output} · users pin it with \`countersign trust add ${output}\``,
      );
    else if (weaknesses.length === 0) lines.push(`${mark(look, true)} valid; no single key makes a release`);
    else lines.push(...weaknesses.map((one) => `${mark(look, false)} ${one}`));
    return lines.join("\n");
  },
});

async function readEither(path: string): Promise<SealedPolicy> {
  try {
    return await readPolicy(path);
  } catch (error) {
    if (isCountersignError(error) && error.code === "POLICY_NOT_SEALED") return sealPolicyFile(path);
    throw error;
  }
}
