/** Help, from the commands' own data. Pure. */

import type { Command } from "./command.ts";
import type { CommandEntry } from "./commands/index.ts";
import { columns, type Look, paint } from "./look.ts";

export function generalHelp(commands: Readonly<Record<string, CommandEntry>>, look: Look): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  return `Countersign makes and checks software releases without trusting the place that hosts them.

${paint(look, "bold", "Commands")}
${columns(rows)}

${paint(look, "bold", "Everywhere")}
${columns([
  ["--format json", "print the result as JSON"],
  ["--help", "help for a command, with examples"],
  ["--version", "the version of Countersign"],
])}

Exit status: 0 done or verified · 1 checked, does not hold · 2 wrong usage or input · 3 could not check · 4 not allowed
`;
}

export function commandHelp(name: string, command: Command<unknown>, look: Look): string {
  const title = (text: string): string => paint(look, "bold", text);
  const options = Object.entries(command.options).map(
    ([option, { type, value = "TEXT", summary, multiple }]) =>
      [
        type === "string" ? `--${option} ${value}` : `--${option}`,
        multiple ? `${summary} (may be repeated)` : summary,
      ] as const,
  );
  return [
    `countersign ${name}: ${command.summary}`,
    `${title("Usage")}\n${command.usage.map((line) => `  countersign ${line}`).join("\n")}`,
    ...(command.details ? [command.details] : []),
    `${title("Options")}\n${columns([...options, ["--format text|json", "how to print the result"], ["--help", "this text"]])}`,
    `${title("Examples")}\n${command.examples.map((line) => `  ${line}`).join("\n")}`,
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}
