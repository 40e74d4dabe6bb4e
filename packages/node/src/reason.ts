/** Why the system refused, in words. */

export function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    ENOENT: "there is no such file or directory",
    EACCES: "permission denied",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of the path is no directory",
    ENXIO: "it is not a regular file",
    ELOOP: "too many links",
  };
  return words[code ?? ""] ?? message;
}
