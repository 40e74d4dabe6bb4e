// Makes a fresh clone ready: installs what the lockfile names, and with --build builds the command line. Does nothing twice.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}

/** Runs quietly; shows what the program said only when it fails. */
function run(what, command, args, cwd = root) {
  console.error(`setup: ${what}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    shell: process.platform === "win32",
    maxBuffer: 1 << 28,
  });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(" ")} failed\n${stdout}\n${stderr}`);
}

const age = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** The newest file below a directory, milliseconds. */
function newest(directory) {
  return Math.max(
    0,
    ...readdirSync(directory, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => age(join(entry.parentPath ?? entry.path, entry.name))),
  );
}

if (major < 20 || (major === 20 && minor < 19))
  fail(`Node 20.19 or newer is needed; this is ${process.versions.node}`);
if (spawnSync("git", ["--version"]).error) fail("git is needed, and is not on the PATH");

// npm writes its own record last: a half-finished install has none, or an old one.
if (age(join(root, "node_modules/.package-lock.json")) < age(join(root, "package-lock.json")))
  run("installing dependencies (npm ci)", "npm", ["ci", "--no-audit", "--no-fund"]);

if (process.argv.includes("--build")) {
  const built = age(join(root, "packages/cli/dist/bin.js"));
  const sources = readdirSync(join(root, "packages")).map((name) =>
    newest(join(root, "packages", name, "src")),
  );
  if (built < Math.max(...sources, age(join(root, "packages/cli/tsup.config.ts"))))
    run("building the command line", "npm", ["run", "build"], join(root, "packages/cli"));
}
