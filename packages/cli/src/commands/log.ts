/** `countersign log`: a transparency log as static files. */

import { resolve } from "node:path";
import { fail, maxRecordSize, type ProofText, parseVerifierKey } from "@countersign/core";
import {
  checkLog,
  directoryLogReader,
  directoryLogWriter,
  generateLogKey,
  httpLogReader,
  initLog,
  parseLogKey,
  readLogKey,
  type TilesLogReader,
  writeLogKey,
} from "@countersign/log-tiles";
import { readSmallFile } from "@countersign/node";
import { fetchBytes } from "@countersign/node/network";
import { type Call, defineCommand, optionText, optionTexts } from "../command.ts";
import { defaultKeyFile } from "../logs.ts";
import { plain } from "../look.ts";

type Result =
  | {
      readonly action: "init";
      readonly directory: string;
      readonly keyFile: string;
      readonly verifierKey: string;
    }
  | {
      readonly action: "append";
      readonly proofs: readonly { readonly file: string; readonly proof: ProofText }[];
    }
  | { readonly action: "proof"; readonly proof: ProofText }
  | {
      readonly action: "check";
      readonly origin: string;
      readonly size: number;
      readonly root: string;
      readonly tiles: number;
    };

export const command = defineCommand<Result>({
  summary: "make a transparency log, append to it, prove, check",
  usage: [
    "log init DIR --origin NAME [--log-key FILE]",
    "log append DIR FILE…",
    "log proof DIR|URL INDEX",
    "log check DIR|URL [--verifier-key KEY]",
  ],
  arity: [2, 1000],
  options: {
    origin: {
      type: "string",
      value: "NAME",
      summary: "the log's name, without scheme: example.org/releases",
    },
    "log-key": { type: "string", value: "FILE", summary: "its secret key (default: DIR.key)" },
    "verifier-key": {
      type: "string",
      value: "KEY",
      multiple: true,
      summary: "the key that the log should have (default: of DIR.key)",
    },
  },
  details:
    "A log is a directory in the form of c2sp.org/tlog-tiles; any web server can serve it. Its key stays beside it, never in it.\nOne writer at a time: others wait. An entry is on disk before its proof is printed.",
  examples: [
    "countersign log init /srv/log --origin example.org/releases",
    "countersign log check https://example.org/releases/ --verifier-key example.org/releases+…+…",
  ],
  async run(call) {
    const [action = "", place = "", ...rest] = call.args;
    const { signal, cwd } = call.context;
    switch (action) {
      case "init":
        return { result: await init(resolve(cwd, place), call) };
      case "append": {
        if (rest.length === 0) fail("USAGE", "log append needs a file");
        const directory = resolve(cwd, place);
        const writer = await directoryLogWriter({
          directory,
          key: await readLogKey(keyFile(directory, call)),
        });
        const records = await Promise.all(
          rest.map((file) => readSmallFile(resolve(cwd, file), maxRecordSize)),
        );
        const proofs = await writer.appendAll(records, { signal });
        return { result: { action, proofs: rest.map((file, i) => ({ file, proof: proofs[i] ?? "" })) } };
      }
      case "proof": {
        const [index = ""] = rest;
        if (!/^\d{1,15}$/.test(index))
          fail("USAGE", `log proof needs the number of an entry, counted from 0; found ${plain(index)}`);
        const reader = openReader(place, call);
        await reader.checkpoint({ signal });
        return { result: { action, proof: await reader.prove(Number(index), { signal }) } };
      }
      case "check": {
        const { origin, size, root, tiles } = await checkLog(
          openReader(place, call),
          [await verifierKey(place, call)].flat(),
          {
            signal,
            onEntries: (done, total) =>
              call.context.onProgress({ step: "check", name: "entries", done, total }),
          },
        );
        return { result: { action, origin, size, root, tiles } };
      }
      default:
        return fail("USAGE", `log knows init, append, proof and check, not ${plain(action)}`);
    }
  },
  render(result) {
    switch (result.action) {
      case "init":
        return [
          `made a log in ${result.directory}`,
          `  secret key  ${result.keyFile}   keep a copy away from this machine`,
          "  for the policy:",
          `    logs: { anyOf: ["log ${result.verifierKey}"] }`,
        ].join("\n");
      case "append":
        return result.proofs
          .map(({ file, proof }) => `${plain(file)} is entry ${/^index (\d+)$/m.exec(proof)?.[1] ?? "?"}`)
          .join("\n");
      case "proof":
        return result.proof.trimEnd();
      case "check":
        return `✓ ${plain(result.origin)}   ${result.size} entries, every hash recomputed\n  root ${result.root}`;
    }
  },
});

/** The key first: a run that is killed leaves no log without one. */
async function init(directory: string, call: Call): Promise<Result> {
  const origin = optionText(call, "origin") ?? fail("USAGE", "name the log: --origin example.org/releases");
  const file = keyFile(directory, call);
  const kept = await readLogKey(file).catch(() => undefined);
  const key =
    kept !== undefined && parseLogKey(kept).verifier.name === origin ? kept : generateLogKey(origin);
  if (key !== kept) await writeLogKey(file, key);
  const { verifierKey } = await initLog({ directory, origin, key });
  return { action: "init", directory, keyFile: file, verifierKey };
}

function keyFile(directory: string, call: Call): string {
  return resolve(call.context.cwd, optionText(call, "log-key") ?? defaultKeyFile(directory));
}

function openReader(place: string, { context }: Call): TilesLogReader {
  return /^https?:\/\//.test(place)
    ? httpLogReader(place, (url, limit) => fetchBytes(url, limit, context.signal))
    : directoryLogReader(resolve(context.cwd, place));
}

async function verifierKey(place: string, call: Call): Promise<ReturnType<typeof parseVerifierKey>[]> {
  const given = optionTexts(call, "verifier-key");
  if (given.length > 0) return given.map(parseVerifierKey);
  if (/^https?:\/\//.test(place))
    return fail("USAGE", "give the key that this log should have: --verifier-key KEY", {
      hint: "It stands in the project's policy.",
    });
  return [parseLogKey(await readLogKey(keyFile(resolve(call.context.cwd, place), call))).verifier];
}
