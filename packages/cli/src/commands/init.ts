/** `countersign init`: writes the settings and a policy to edit. */

import { basename, join } from "node:path";
import { fail } from "@countersign/core";
import { configName, writeNewFile } from "@countersign/node";
import { defineCommand, optionText, optionTexts } from "../command.ts";
import { configTemplate, policyTemplate } from "../templates.ts";

interface Result {
  readonly written: readonly { readonly file: string; readonly state: "written" | "same" }[];
}

export const command = defineCommand<Result>({
  summary: "write countersign.yaml and a policy to edit",
  usage: ["init [--project URI] [--name NAME] [--forge LOCATOR]"],
  arity: [0, 0],
  options: {
    project: { type: "string", value: "URI", summary: "the project, as a URI that will not change" },
    name: {
      type: "string",
      value: "NAME",
      summary: "what release files begin with (default: this directory's name)",
    },
    forge: { type: "string", value: "LOCATOR", multiple: true, summary: "where releases go" },
  },
  examples: [
    "countersign init --project https://gitlab.com/qemu-project/qemu --name qemu --forge directory:/srv/downloads",
  ],
  async run(call) {
    const { cwd } = call.context;
    const name = optionText(call, "name") ?? basename(cwd);
    if (!/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name))
      fail("USAGE", `${JSON.stringify(name)} cannot begin the name of a file; give --name`);
    const project = optionText(call, "project") ?? `pkg:generic/${name}`;
    const written: Result["written"][number][] = [];
    const texts = {
      [configName]: configTemplate({ project, name, forges: optionTexts(call, "forge") }),
      "policy.yaml": policyTemplate(project),
    };
    for (const [file, text] of Object.entries(texts))
      written.push({ file, state: await writeNewFile(join(cwd, file), Buffer.from(text)) });
    return { result: { written } };
  },
  render: ({ written }) =>
    [
      ...written.map(({ file, state }) => `${state === "written" ? "wrote" : "is there already"}  ${file}`),
      "next  put the public keys beside policy.yaml and name them in it, make a log with `countersign log init`,",
      "      then `countersign policy check policy.yaml` and `countersign policy seal policy.yaml --output NAME.policy`",
    ].join("\n"),
});
