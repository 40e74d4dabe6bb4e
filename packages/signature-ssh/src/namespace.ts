/** Namespaces: a signature made for one purpose never counts for another. */

import type { Purpose } from "@countersign/core";

const namespaces: Readonly<Record<Purpose, string>> = {
  // The two that others use: git for tags and commits, ssh-keygen(1) for files.
  tag: "git",
  file: "file",
  release: "countersign-release",
  rebuild: "countersign-rebuild",
};

/** The `-n` of `ssh-keygen -Y sign` for a purpose. */
export function namespaceOf(purpose: Purpose): string {
  return namespaces[purpose];
}
