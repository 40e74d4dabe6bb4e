/** Progress on stderr: a bar on a terminal, one line now and then elsewhere; nothing for what is done within a second. */

import type { Progress } from "@countersign/core";
import { formatBytes } from "./look.ts";

export interface ProgressLine {
  report(progress: Progress): void;
  /** Clears what stands there. */
  end(): void;
}

export interface ProgressOutput {
  readonly terminal: boolean;
  readonly width: number;
  write(text: string): void;
  /** Milliseconds; monotonic. */
  clock(): number;
}

const quiet = 1000;
const redraw = 100;
const plainEvery = 10_000;

export function progressLine(output: ProgressOutput): ProgressLine {
  let name = "";
  let began = 0;
  let drawn = 0;
  let shown = false;
  const clear = (): void => {
    if (shown && output.terminal) output.write("\r\u001b[K");
    shown = false;
  };
  return {
    report(progress) {
      const now = output.clock();
      if (`${progress.step} ${progress.name}` !== name) {
        clear();
        name = `${progress.step} ${progress.name}`;
        began = now;
        drawn = now;
      }
      if (now - began < quiet || now - drawn < (output.terminal ? redraw : plainEvery)) return;
      drawn = now;
      if (output.terminal) output.write(`\r\u001b[K${bar(progress, (now - began) / 1000, output.width)}`);
      else
        output.write(
          `${progress.step} ${progress.name}: ${formatBytes(progress.done)} of ${formatBytes(progress.total)}\n`,
        );
      shown = true;
    },
    end: clear,
  };
}

function bar({ step, name, done, total }: Progress, seconds: number, width: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const right = `${String(Math.floor(share * 100)).padStart(3)} %  ${formatBytes(done / Math.max(seconds, 0.001))}/s`;
  const left = `${step} ${name}`;
  const room = Math.max(5, Math.min(20, width - left.length - right.length - 6));
  const full = Math.round(share * room);
  return `${left}  ${"█".repeat(full)}${"░".repeat(room - full)}  ${right}`.slice(0, Math.max(20, width - 1));
}
