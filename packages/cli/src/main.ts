/** One run of the program: arguments in, text and an exit status out. */

import { parseArgs } from "node:util";
import { CountersignError, isCountersignError, plainText } from "@countersign/core";
import type { Command, Context, OptionSpec, Outcome } from "./command.ts";
import { commands } from "./commands/index.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { type Look, paint, plain } from "./look.ts";

export interface Output {
  readonly look: Look;
  stdout(text: string): void;
  stderr(text: string): void;
}

/** @returns the exit status: 0 to 4, as `errorTable` has them */
export async function run(argv: readonly string[], context: Context, output: Output): Promise<number> {
  const [name = "help", ...rest] = argv;
  const json = wantsJson(argv);
  try {
    if (name === "help" || name === "--help" || name === "-h") {
      const [topic] = rest;
      output.stdout(
        topic === undefined
          ? generalHelp(commands, output.look)
          : commandHelp(topic, await load(topic), output.look),
      );
      return 0;
    }
    const command = await load(name);
    if (rest.includes("--help") || rest.includes("-h")) {
      output.stdout(commandHelp(name, command, output.look));
      return 0;
    }
    const outcome = await command.run({ ...parse(name, command, rest), context });
    return print(name, command, outcome, json, output);
  } catch (error) {
    return printError(name, error, json, output, context);
  }
}

function print(
  name: string,
  command: Command<unknown>,
  { result, exit = 0, error }: Outcome<unknown>,
  json: boolean,
  output: Output,
): number {
  if (json) {
    output.stdout(
      `${jsonText({ countersign: "result/v1", command: name, exit, result, ...(error && { error: errorJson(error) }) })}`,
    );
    return exit;
  }
  output.stdout(`${command.render(result, output.look)}\n`);
  // The result has said what does not hold; what to do about it goes where errors go.
  if (error) output.stderr(hintText(error, output.look));
  return exit;
}

function printError(name: string, error: unknown, json: boolean, output: Output, context: Context): number {
  if (!isCountersignError(error)) {
    if (context.signal.aborted)
      return printError(name, new CountersignError("ABORTED", "stopped"), json, output, context);
    if (context.env.COUNTERSIGN_DEBUG) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const shown = new CountersignError("TOOL_FAILED", `unexpected: ${plain(message)}`, {
      hint: "This is a defect of Countersign's. COUNTERSIGN_DEBUG=1 shows where.",
    });
    return printError(name, shown, json, output, context);
  }
  if (json)
    output.stdout(
      jsonText({ countersign: "result/v1", command: name, exit: error.exit, error: errorJson(error) }),
    );
  else output.stderr(errorText(error, output.look));
  return error.exit;
}

function errorText(error: CountersignError, look: Look): string {
  return `${paint(look, "red", "error")} ${error.code}: ${plainText(error.message, 2000)}\n${hintText(error, look)}`;
}

function hintText({ hint }: CountersignError, look: Look): string {
  return `  ${paint(look, "dim", "→")} ${hint}\n`;
}

function errorJson({ code, message, where, hint, reasons }: CountersignError): object {
  return { code, message, ...(where !== undefined && { where }), hint, reasons };
}

function load(name: string): Promise<Command<unknown>> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry) return entry.load();
  const close = Object.keys(commands).filter((one) => one.startsWith(name.slice(0, 2)));
  throw new CountersignError(
    "USAGE",
    `there is no command ${plain(name)}${close.length > 0 ? `; is it ${close.join(" or ")}?` : ""}`,
  );
}

function parse(
  name: string,
  command: Command<unknown>,
  argv: readonly string[],
): { args: readonly string[]; options: Record<string, string | boolean | (string | boolean)[] | undefined> } {
  const usage = `Usage: countersign ${command.usage.join("\n   or: countersign ")}`;
  const refuse = (message: string): never => {
    throw new CountersignError("USAGE", message, { hint: `${usage}\n    See \`countersign help ${name}\`.` });
  };
  try {
    const options = Object.fromEntries(
      Object.entries<OptionSpec>({ ...command.options, ...common }).map(([key, { type, multiple }]) => [
        key,
        { type, ...(multiple && { multiple }) },
      ]),
    );
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      strict: true,
    });
    const [least, most] = command.arity;
    if (positionals.length < least)
      refuse(`${name} needs ${least === 1 ? "an argument" : `${least} arguments`}`);
    if (positionals.length > most)
      refuse(
        `${name} takes ${most === 0 ? "no arguments" : `at most ${most}`}; found ${plain(positionals[most] ?? "")}`,
      );
    const { format } = values;
    if (format !== undefined && format !== "json" && format !== "text")
      refuse(`--format is text or json, not ${plain(String(format))}`);
    return { args: positionals, options: values };
  } catch (error) {
    if (isCountersignError(error)) throw error;
    return refuse(error instanceof Error ? (error.message.split(". ")[0] ?? error.message) : String(error));
  }
}

/** Options of every command. */
export const common = {
  format: { type: "string", value: "text|json", summary: "how to print the result" },
} as const;

function wantsJson(argv: readonly string[]): boolean {
  return argv.some((arg, i) => arg === "--format=json" || (arg === "json" && argv[i - 1] === "--format"));
}

/** JSON that may also be shown: what steers a terminal is escaped, which JSON allows for any character. */
function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}
