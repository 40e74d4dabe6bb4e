/** `countersign pack`: signed tag → artifacts, release statement, manifest. */

import { resolve } from "node:path";
import { fail } from "@countersign/core";
import {
  adapters,
  type Config,
  fileSource,
  findProgram,
  readConfig,
  readKeys,
  versionOfTag,
} from "@countersign/node";
import {
  applyPack,
  openRepository,
  type PackedRelease,
  type PackFormat,
  packFiles,
  planPack,
} from "@countersign/source-git";
import { type Call, defineCommand, optionFlag, optionText, optionTexts } from "../command.ts";
import { formatBytes, plain } from "../look.ts";
import { nameProject, originOf } from "../project.ts";

interface Result {
  readonly dryRun: boolean;
  readonly project: string;
  readonly version: string;
  readonly tag?: string;
  /** Fingerprint of the key that signed the tag; absent for an unsigned one, and for files made elsewhere. */
  readonly signedBy?: string;
  readonly output: string;
  readonly files: readonly {
    readonly name: string;
    readonly size?: number;
    readonly sha256?: string;
    readonly kept: boolean;
  }[];
}

export const command = defineCommand<Result>({
  summary: "make tarballs, statement and manifest from a signed tag",
  usage: [
    "pack TAG [--repo PATH] --key KEYS… --output DIR",
    "pack --files FILE… --version VERSION --output DIR",
  ],
  arity: [0, 1000],
  options: {
    repo: { type: "string", value: "PATH", summary: "the git repository (default: here)" },
    key: {
      type: "string",
      value: "KEYS",
      multiple: true,
      summary: "an OpenPGP keyring or allowed-signers file with the maintainers' keys",
    },
    output: { type: "string", value: "DIR", summary: "where to write the release" },
    name: {
      type: "string",
      value: "NAME",
      summary: "what file names begin with (default: countersign.yaml, or the repository's name)",
    },
    project: {
      type: "string",
      value: "URI",
      summary: "the project (default: countersign.yaml, or the repository's origin)",
    },
    version: { type: "string", value: "VERSION", summary: "the version (default: from the tag)" },
    formats: {
      type: "string",
      value: "LIST",
      summary: "tar,tar.gz,tar.xz (default: countersign.yaml, or tar.gz and, with xz at hand, tar.xz)",
    },
    files: { type: "boolean", summary: "the arguments are files made elsewhere: declared, not rebuilt" },
    tag: { type: "string", value: "TAG", summary: "with --files: the tag that names the version" },
    "insecure-unsigned-tag": { type: "boolean", summary: "pack a tag that nobody signed" },
    "dry-run": { type: "boolean", summary: "verify the tag, say what would be made" },
  },
  details:
    "The tag's signature is verified first. The tar is byte for byte what `git archive` gives, whatever the host, its locale or its git configuration.",
  examples: [
    "countersign pack v11.2.0 --repo qemu --key maintainers.asc --output dist",
    "countersign pack --files wheels/* --version 9.9.0 --project https://opendev.org/openstack/oslo.config --name oslo.config --output dist",
  ],
  async run(call) {
    const output = resolve(
      call.context.cwd,
      optionText(call, "output") ?? fail("USAGE", "say where the release goes: --output DIR"),
    );
    const config = await readConfig(resolve(call.context.cwd, optionText(call, "repo") ?? "."));
    return {
      result: optionFlag(call, "files")
        ? await declareFiles(call, config, output)
        : await packTag(call, config, output),
    };
  },
  render({ dryRun, project, version, tag, signedBy, output, files }) {
    const source =
      tag === undefined
        ? "files made elsewhere, declared"
        : signedBy === undefined
          ? `${plain(tag)}, which nobody signed`
          : `${plain(tag)}, signed by ${signedBy}`;
    return [
      `${dryRun ? "would pack" : "packed"} ${plain(project)} ${plain(version)} from ${source}`,
      ...files.map(
        ({ name, size, kept }) =>
          `  ${name}${size === undefined ? "" : `   ${formatBytes(size)}`}${kept ? "   (there already)" : ""}`,
      ),
      `  ${dryRun ? "to" : "in"} ${output}${dryRun ? "" : ` · next: countersign sign ${output} --signer NAME`}`,
    ].join("\n");
  },
});

async function packTag(call: Call, config: Config, output: string): Promise<Result> {
  const { cwd, now, signal, onProgress, note } = call.context;
  const [tag, ...more] = call.args;
  if (tag === undefined || more.length > 0)
    return fail("USAGE", "name one tag", { hint: "For files made elsewhere say --files." });
  const repository = await openRepository(resolve(cwd, optionText(call, "repo") ?? "."), { signal });
  const { name, project, guessed } = await nameProject(call, config, repository.path, () =>
    originOf(repository.gitDir),
  );
  if (guessed)
    note(`the project is not named; taking ${plain(project)} (--project URI or countersign.yaml says it)`);
  const keyFiles = optionTexts(call, "key");
  const insecureUnsignedTag = optionFlag(call, "insecure-unsigned-tag");
  if (keyFiles.length === 0 && !insecureUnsignedTag)
    fail("USAGE", "give the maintainers' public keys: --key KEYS");
  const keys = (await Promise.all(keyFiles.map((path) => readKeys(resolve(cwd, path))))).flat();
  const version = optionText(call, "version") ?? versionOfTag(tag, name, config.tag);
  const plan = await planPack({
    repository,
    tag,
    name,
    version,
    project,
    formats: chooseFormats(call, config),
    schemes: adapters.schemes,
    keys,
    now,
    insecureUnsignedTag,
    signal,
  });
  const signedBy = plan.verified?.by.fingerprint ?? plan.verified?.by.key;
  const shown = { project, version, tag, output, ...(signedBy !== undefined && { signedBy }) };
  if (optionFlag(call, "dry-run")) {
    const names = [
      ...plan.artifacts.map((artifact) => artifact.name),
      plan.names.statement,
      plan.names.manifest,
    ];
    return { ...shown, dryRun: true, files: names.map((one) => ({ name: one, kept: false })) };
  }
  return { ...shown, dryRun: false, files: listFiles(await applyPack(plan, { output, onProgress, signal })) };
}

async function declareFiles(call: Call, config: Config, output: string): Promise<Result> {
  const { cwd, signal, onProgress } = call.context;
  if (call.args.length === 0) fail("USAGE", "name the files after --files");
  const { name, project } = await nameProject(call, config, cwd, async () => undefined);
  const tag = optionText(call, "tag");
  const version =
    optionText(call, "version") ??
    (tag === undefined
      ? fail("USAGE", "say which version these files are: --version VERSION")
      : versionOfTag(tag, name, config.tag));
  const files = await Promise.all(call.args.map((path) => fileSource(resolve(cwd, path))));
  const shown = { project, version, output };
  if (optionFlag(call, "dry-run"))
    return {
      ...shown,
      dryRun: true,
      files: files.map((file) => ({ name: file.name, size: file.size, kept: false })),
    };
  return {
    ...shown,
    dryRun: false,
    files: listFiles(await packFiles({ files, name, version, project, output, onProgress, signal })),
  };
}

function chooseFormats(call: Call, config: Config): readonly PackFormat[] {
  const given = optionText(call, "formats")?.split(",");
  const known: readonly string[] = ["tar", "tar.gz", "tar.xz"];
  for (const one of given ?? [])
    if (!known.includes(one))
      fail("USAGE", `--formats is a list of ${known.join(", ")}; found ${plain(one)}`);
  if (given) return [...new Set(given)] as PackFormat[];
  return (
    config.formats ??
    (findProgram("xz", call.context.env.PATH) === undefined ? ["tar.gz"] : ["tar.gz", "tar.xz"])
  );
}

function listFiles({ files, kept }: PackedRelease): Result["files"] {
  return files.map(({ name, size, sha256 }) => ({ name, size, sha256, kept: kept.includes(name) }));
}
