/** Makes a staged release visible: its index is written while nobody sees it, then one rename shows the whole. */

import { join } from "node:path";
import { bytesSource, fail } from "@countersign/core";
import {
  checkAbort,
  codeOf,
  type DirectoryFs,
  hashFile,
  isDirectory,
  removeQuietly,
  replaceFile,
  syncDirectory,
} from "./disk.ts";
import { formatIndex } from "./index-file.ts";
import { isPublished, prepare, type ReleasePaths } from "./layout.ts";
import { type FileEntry, fingerprint, hashEntries, listFiles, refreshIndex, refreshList } from "./listing.ts";
import { indexName } from "./names.ts";

/**
 * Idempotent: a run that was stopped anywhere is finished by the next.
 *
 * @throws RELEASE_MISSING — nothing is staged, nothing published
 * @throws ALREADY_PUBLISHED — something else stands under this version
 * @throws NAME_REFUSED · FILE_UNREADABLE — something is staged that may not be shown: a link, an odd name
 */
export async function publishRelease(fs: DirectoryFs, at: ReleasePaths, signal?: AbortSignal): Promise<void> {
  await prepare(fs, at);
  for (let round = 0; round < 20 && !(await isPublished(fs, at)); round++) {
    checkAbort(signal, at.published);
    if (!(await isDirectory(fs, at.staged))) {
      // Another publisher's rename may have come between the two looks.
      if (await isPublished(fs, at)) break;
      fail("RELEASE_MISSING", `nothing is staged for ${at.version}`, { where: at.path });
    }
    try {
      const known = await seal(fs, at, signal);
      await fs.rename(at.staged, at.published);
      await syncDirectory(fs, at.path);
      await syncDirectory(fs, at.staging);
      await refreshIndex(fs, at, at.published, at.version, known);
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENOENT") continue;
      if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOTDIR") throw error;
      if (await isPublished(fs, at)) break;
      fail("ALREADY_PUBLISHED", `something that is no release stands there`, {
        where: at.published,
        cause: error,
      });
    }
  }
  await clearStaged(fs, at, signal);
  await refreshIndex(fs, at, at.published, at.version);
  await refreshList(fs, at);
}

/** Readies the staged directory for everybody's eyes. Returns the digests, as long as the files are the same. */
async function seal(
  fs: DirectoryFs,
  at: ReleasePaths,
  signal: AbortSignal | undefined,
): Promise<(file: FileEntry) => string | undefined> {
  const { files, odd } = await listFiles(fs, at.staged);
  const [first] = odd;
  if (first !== undefined)
    fail("FILE_UNREADABLE", "expected regular files with safe names only", { where: join(at.staged, first) });
  if (files.length === 0) fail("RELEASE_MISSING", `nothing is staged for ${at.version}`, { where: at.path });
  for (const { name } of files) await fs.chmod(join(at.staged, name), 0o644);
  const before = (await listFiles(fs, at.staged)).files;
  const entries = await hashEntries(fs, at.staged, before, () => undefined, signal);
  const index = bytesSource(indexName, formatIndex({ version: at.version, files: entries }));
  await replaceFile(fs, at.temporary, join(at.staged, indexName), index);
  await fs.chmod(at.staged, 0o755);
  const digests = new Map(
    entries.map(({ sha256 }, i) => [before[i]?.name, { sha256, was: before[i]?.stat }]),
  );
  return ({ name, stat }) => {
    const entry = digests.get(name);
    return entry?.was && fingerprint(entry.was) === fingerprint(stat) ? entry.sha256 : undefined;
  };
}

/**
 * What is staged under a version that is published: left over with equal bytes by a run that lost a race, or an attempt
 * to replace it.
 */
async function clearStaged(
  fs: DirectoryFs,
  at: ReleasePaths,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!(await isDirectory(fs, at.staged))) return;
  const { files, odd } = await listFiles(fs, at.staged);
  const published = await listFiles(fs, at.published);
  for (const { name, stat } of files) {
    const twin = published.files.find((file) => file.name === name && file.stat.size === stat.size);
    const [a, b] = [join(at.staged, name), join(at.published, name)];
    if (!twin || (await hashFile(fs, a, signal)) !== (await hashFile(fs, b, signal)))
      fail("ALREADY_PUBLISHED", `${at.version} is published, and another ${name} is staged for it`, {
        where: a,
      });
  }
  if (odd.length > 0)
    fail("ALREADY_PUBLISHED", `${at.version} is published, and more is staged for it`, { where: at.staged });
  for (const { name } of files) await removeQuietly(fs, join(at.staged, name));
  await removeQuietly(fs, join(at.staged, indexName));
  await fs.rmdir(at.staged).catch(() => undefined);
}
