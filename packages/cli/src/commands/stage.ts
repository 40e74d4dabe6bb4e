/** `countersign stage`: uploads a release where users are not shown it. */

import { resolve } from "node:path";
import {
  applyStage,
  bytesSource,
  fail,
  isWritable,
  openPacked,
  planStage,
  type StagePlan,
} from "@countersign/core";
import { readConfig, readPackedDirectory } from "@countersign/node";
import { type Call, defineCommand, optionFlag, optionTexts } from "../command.ts";
import { formatBytes, plain } from "../look.ts";
import { needPlace } from "../places.ts";

interface Result {
  readonly dryRun: boolean;
  readonly version: string;
  readonly places: readonly {
    readonly place: string;
    readonly files: readonly { readonly name: string; readonly size: number; readonly action: string }[];
  }[];
}

export const command = defineCommand<Result>({
  summary: "upload a release where users are not shown it",
  usage: ["stage DIR --to LOCATOR"],
  arity: [1, 1],
  options: {
    to: {
      type: "string",
      value: "LOCATOR",
      multiple: true,
      summary: "where to (default: forges in countersign.yaml)",
    },
    "replace-staged": {
      type: "string",
      value: "NAME",
      multiple: true,
      summary: "replace other bytes that are staged under this name",
    },
    "dry-run": { type: "boolean", summary: "say what would be uploaded" },
  },
  details:
    "Compares everything with the manifest first, skips what is there already, reads back what it sent. Staged is not secret: it is only not shown.",
  examples: [
    "countersign stage dist --to directory:/srv/downloads",
    "countersign stage dist --to directory:/srv/downloads --dry-run",
  ],
  async run(call) {
    const { signal, onProgress } = call.context;
    const packed = await readPackedDirectory(resolve(call.context.cwd, call.args[0] ?? ""));
    const { statement, manifest, files } = await openPacked({ ...packed, signal, onProgress });
    const digests = new Map(manifest.lines.map(({ name, sha256 }) => [name, sha256]));
    const evidence = [packed.manifest, packed.statement].map(({ name, bytes }) => bytesSource(name, bytes));
    const signatures = await Promise.all(packed.signatures.map((name) => packed.directory.source(name)));
    const all = [...files, ...evidence, ...signatures].map((file) => ({
      file,
      sha256: digests.get(file.name),
    }));
    const places: Result["places"][number][] = [];
    for (const locator of await locators(call)) {
      const { forge, place } = await needPlace(locator);
      if (!isWritable(forge)) return fail("PLACE_READONLY", `${place.base} can only be read`);
      if (place.version !== undefined && place.version !== statement.version)
        fail(
          "VERSION_MISMATCH",
          `${locator} names ${place.version}, the directory holds ${statement.version}`,
        );
      const options = {
        forge,
        place: { ...place, version: statement.version },
        files: all,
        replaceStaged: optionTexts(call, "replace-staged"),
        signal,
        onProgress,
      };
      const plan = await planStage(options);
      if (!optionFlag(call, "dry-run")) await applyStage(plan, options);
      places.push({ place: place.base, files: listSteps(plan) });
    }
    return { result: { dryRun: optionFlag(call, "dry-run"), version: statement.version, places } };
  },
  render({ dryRun, version, places }) {
    const verb: Record<string, string> = dryRun
      ? { upload: "would upload", same: "there already", replace: "would replace" }
      : { upload: "uploaded", same: "there already", replace: "replaced" };
    return places
      .map(({ place, files }) =>
        [
          `${plain(version)} at ${plain(place)}${dryRun ? "" : ": staged, not visible"}`,
          ...files.map(
            ({ name, size, action }) =>
              `  ${(verb[action] ?? action).padEnd(13)}  ${name}   ${formatBytes(size)}`,
          ),
          ...(dryRun ? [] : [`  next  countersign status ${plain(place)}@${plain(version)}`]),
        ].join("\n"),
      )
      .join("\n");
  },
});

function listSteps({ steps }: StagePlan): Result["places"][number]["files"] {
  return steps.map(({ file, action }) => ({ name: file.name, size: file.size, action }));
}

async function locators(call: Call): Promise<readonly string[]> {
  const given = optionTexts(call, "to");
  if (given.length > 0) return given;
  const { forges = [] } = await readConfig(call.context.cwd);
  return forges.length > 0
    ? forges
    : fail("USAGE", "say where to stage: --to LOCATOR", { hint: "Or name `forges` in countersign.yaml." });
}
