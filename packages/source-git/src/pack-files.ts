/** A release of files that were made elsewhere (sdists, wheels, firmware): hashed and declared, not rebuilt. */

import { fail, type OnProgress, readStream, releaseNames, type Source } from "@countersign/core";
import { type FinishedFile, inOutputDirectory } from "./output-directory.ts";
import { finishRelease, type PackedRelease } from "./release-text.ts";

/**
 * Copies the files into `output` (where they stand there already, they are kept) with statement and manifest.
 * @throws NAME_REFUSED — also for a name twice · FILE_CHANGED · FILE_EXISTS
 */
export async function packFiles(options: {
  readonly files: readonly Source[];
  /** What names begin with: "qemu". */
  readonly name: string;
  readonly version: string;
  /** URI. */
  readonly project: string;
  readonly output: string;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}): Promise<PackedRelease> {
  const names = releaseNames(`${options.name}-${options.version}`);
  const taken = new Set([names.manifest, names.statement, names.bundle]);
  for (const { name } of options.files) {
    if (taken.has(name))
      fail("NAME_REFUSED", `${name} is named twice, or is a name of the release's own files`);
    taken.add(name);
  }
  return await inOutputDirectory(options.output, async (output) => {
    const artifacts = [];
    for (const source of options.files) {
      const copy = await output.create(source.name);
      let done = 0;
      for await (const chunk of readStream(source.open({ signal: options.signal }))) {
        await copy.write(chunk);
        done += chunk.length;
        options.onProgress?.({ step: "pack", name: source.name, done, total: source.size });
      }
      if (done !== source.size)
        fail("FILE_CHANGED", `${source.name} had ${source.size} bytes and gave ${done}`, {
          where: source.name,
        });
      const file: FinishedFile = await copy.finish();
      artifacts.push({ stated: { name: file.name, size: file.size, format: "declared" as const }, file });
    }
    return await finishRelease(output, names, {
      project: options.project,
      version: options.version,
      artifacts,
    });
  });
}
