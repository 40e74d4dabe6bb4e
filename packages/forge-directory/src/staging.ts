/** Puts one file where users are not shown it; or beside what is published, where nothing stands under its name yet. */

import { join } from "node:path";
import { type Asset, fail, type Source, type StageOptions, sourceSha256 } from "@countersign/core";
import {
  codeOf,
  type DirectoryFs,
  hashFile,
  removeQuietly,
  statAt,
  syncDirectory,
  writeTemporary,
} from "./disk.ts";
import { isPublished, makeDirectory, prepare, type ReleasePaths } from "./layout.ts";
import { refreshIndex, refreshList } from "./listing.ts";
import { checkAssetName } from "./names.ts";

type Written = { readonly path: string; readonly sha256: string };

/**
 * The bytes are on disk before the name is there, and the name comes by a hard link, which replaces nothing.
 * @throws ASSET_CONFLICT · FILE_CHANGED · NAME_REFUSED · ABORTED
 */
export async function stageFile(
  fs: DirectoryFs,
  at: ReleasePaths,
  file: Source,
  options: StageOptions = {},
): Promise<Asset> {
  checkAssetName(file.name, at.path);
  await prepare(fs, at);
  let written: Written | undefined;
  try {
    // Another run may publish or stage between any two steps; then everything is looked at anew.
    for (let round = 0; round < 20; round++) {
      const late = await isPublished(fs, at);
      if (!late) await makeDirectory(fs, at.staged, 0o755);
      const directory = late ? at.published : at.staged;
      const path = join(directory, file.name);
      const there = await digestAt(fs, path, file, options.signal);
      const wanted = written?.sha256 ?? (there === undefined ? undefined : await sourceSha256(file, options));
      const same = there !== undefined && there === wanted;
      if (there !== undefined && !same && (late || options.replace !== true))
        fail("ASSET_CONFLICT", `other bytes ${late ? "were published" : "are staged"} as ${file.name}`, {
          where: path,
        });
      if (!same) {
        written ??= await writeTemporary(fs, at.temporary, file, options);
        if (!(await give(fs, written.path, path, there !== undefined))) continue;
        await syncDirectory(fs, directory);
      }
      if (late) {
        await refreshIndex(fs, at, at.published, at.version);
        await refreshList(fs, at);
      } else if (await isPublished(fs, at)) {
        await withdraw(fs, at, path);
        continue;
      }
      return { name: file.name, size: file.size, sha256: wanted ?? written?.sha256 ?? "", ref: path };
    }
    return fail("ASSET_CONFLICT", `${file.name} does not come to rest: other runs write to it`, {
      where: at.staged,
    });
  } finally {
    if (written) await removeQuietly(fs, written.path);
  }
}

/** False: another run was here in the meantime. */
async function give(fs: DirectoryFs, from: string, to: string, replace: boolean): Promise<boolean> {
  try {
    await (replace ? fs.rename(from, to) : fs.link(from, to));
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST" || codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Takes back what was staged for a version that was published meanwhile. */
async function withdraw(fs: DirectoryFs, at: ReleasePaths, path: string): Promise<void> {
  await removeQuietly(fs, path);
  await fs.rmdir(at.staged).catch(() => undefined);
}

/** SHA-256 of the file of this name; "" where it cannot be equal by its size. @throws FILE_UNREADABLE — no regular file */
async function digestAt(
  fs: DirectoryFs,
  path: string,
  file: Source,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const stat = await statAt(fs, path);
  if (stat === undefined) return undefined;
  if (!stat.isFile()) fail("FILE_UNREADABLE", "expected a regular file", { where: path });
  return stat.size === file.size ? hashFile(fs, path, signal) : "";
}
