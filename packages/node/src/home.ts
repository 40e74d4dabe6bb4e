/** Where a person's state lives: pinned policies. `COUNTERSIGN_HOME`, else `$XDG_DATA_HOME/countersign`, else `~/.local/share/countersign`. */

import { homedir } from "node:os";
import { join } from "node:path";

export function homeDirectory(env: Readonly<Record<string, string | undefined>>): string {
  if (env.COUNTERSIGN_HOME) return env.COUNTERSIGN_HOME;
  return join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "countersign");
}
