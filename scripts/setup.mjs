/**
 * Makes a checkout ready: installs dependencies when they are missing or old, and with `--build` builds the CLI.
 * Runs before anything is installed, so it uses only what comes with Node.
 */

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

checkNode([20, 19]);
checkGit();
// Not `npm ci`: it refuses a lockfile that was made where the packages for other systems could not be had. What the
// lockfile names is installed as it says either way, and it is not written.
if (isStale())
  run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--no-progress"], "installing dependencies");
// The program is bundled from sources: nothing else has to be built for it.
if (process.argv.includes("--build")) run("npm", ["run", "build", "-w", "packages/cli"], "building");

/** @param {readonly [number, number]} least major and minor */
function checkNode([leastMajor, leastMinor]) {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  stop(`Node ${leastMajor}.${leastMinor} or newer is needed; this is ${process.versions.node}.`);
}

function checkGit() {
  const { status } = spawnSync("git", ["--version"], { stdio: "ignore" });
  if (status !== 0) stop("git is needed, and was not found in PATH.");
}

/** npm writes its own lockfile last: where that one is older than ours, an install is missing or was cut off. */
function isStale() {
  const installed = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return true;
  return statSync(installed).mtimeMs < statSync(join(root, "package-lock.json")).mtimeMs;
}

/**
 * Quiet unless it fails.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} what
 */
function run(program, args, what) {
  process.stderr.write(`${what} …\n`);
  // npm is a script on Windows, which only a shell starts; the arguments are all ours.
  const shell = process.platform === "win32" && program === "npm";
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    shell,
    encoding: "utf8",
    maxBuffer: 64 << 20,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env },
  });
  if (error) stop(`${program} could not be started: ${error.message}`);
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}\n`);
  stop(`${what} failed: ${[program, ...args].join(" ")} ended with ${status}.`);
}

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
