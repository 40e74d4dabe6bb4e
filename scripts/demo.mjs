// The main job on embedded defaults, as two people would type it: a maintainer and a countersigner make a release of a
// real repository; a stranger downloads and checks it; then one byte is changed. Leaves everything in demo-release/.

import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:http";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const cli = join(root, "packages/cli/dist/bin.js");
const { values } = parseArgs({
  options: { repo: { type: "string" }, tag: { type: "string" }, output: { type: "string" } },
});
const out = resolve(values.output ?? join(root, "demo-release"));
const here = (path) => relative(process.cwd(), path) || ".";

const color = process.stdout.isTTY && !process.env.NO_COLOR;
const bold = (text) => (color ? `\u001b[1m${text}\u001b[0m` : text);
const dim = (text) => (color ? `\u001b[2m${text}\u001b[0m` : text);

function fail(message) {
  console.error(`demo: ${message}`);
  process.exit(1);
}

/** Runs a command, shown as a person would type it. */
function type(who, args, { expect = 0, env = {}, cwd = process.cwd() } = {}) {
  const shown = args.map((arg) => (/^[\w@%+=:,./~-]+$/.test(arg) ? arg : `'${arg}'`)).join(" ");
  console.log(`\n${dim(`${who}$`)} ${bold(shown)}`);
  const [program, ...rest] = args;
  const run =
    program === "countersign"
      ? spawnSync(process.execPath, [cli, ...rest], {
          cwd,
          env: { ...process.env, ...env },
          stdio: ["ignore", "inherit", "inherit"],
        })
      : spawnSync(program, rest, {
          cwd,
          env: { ...process.env, ...env },
          stdio: ["ignore", "inherit", "inherit"],
        });
  if (run.error) fail(run.error.message);
  if (run.status !== expect) fail(`expected exit status ${expect}, got ${run.status}`);
}

function git(cwd, ...args) {
  const run = spawnSync("git", args, { cwd, encoding: "utf8" });
  if (run.status !== 0) fail(`git ${args.join(" ")}: ${run.stderr}`);
  return run.stdout.trim();
}

/** A plain web server for one directory: all that a host is needed for. */
function serve(directory) {
  const server = createServer((request, response) => {
    const path = join(
      directory,
      decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname),
    );
    if (!path.startsWith(directory) || !existsSync(path) || !statSync(path).isFile())
      return response.writeHead(404).end("not found\n");
    response.writeHead(200, {
      "content-length": statSync(path).size,
      "content-type": "application/octet-stream",
    });
    createReadStream(path).pipe(response);
  });
  return new Promise((done) =>
    server.listen(0, "127.0.0.1", () =>
      done({ url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() }),
    ),
  );
}

/** As `type`, but without blocking: the server lives in this process. */
function typeAsync(who, args, env) {
  console.log(`\n${dim(`${who}$`)} ${bold(args.join(" "))}`);
  return new Promise((done) => {
    const child = spawn(process.execPath, [cli, ...args.slice(1)], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("close", (status) => (status === 0 ? done() : fail(`expected exit status 0, got ${status}`)));
  });
}

if (existsSync(out)) {
  if (!existsSync(join(out, ".countersign-demo"))) fail(`${here(out)} exists and is not an earlier demo's`);
  rmSync(out, { recursive: true });
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, ".countersign-demo"), "");

// A copy of the repository, so that the demo's tag never reaches the real one.
const source = resolve(values.repo ?? root);
const repo = join(out, "repository");
git(out, "clone", "--quiet", "--no-local", source, repo);
const name = values.repo === undefined ? "countersign" : basename(source);
const project = `https://example.org/${name}`;
const tag = values.tag ?? "v0.1.0";
const home = { maintainer: join(out, "home-maintainer"), user: join(out, "home-user") };
const maintainer = { COUNTERSIGN_HOME: home.maintainer };
const path = (...parts) => here(join(out, ...parts));

console.log(bold("1. Keys, a log, a policy: once for a project"));
type("alice", [
  "countersign",
  "keys",
  "generate",
  "alice",
  "--email",
  "alice@example.org",
  "--output",
  path("keys"),
]);
type("bob", [
  "countersign",
  "keys",
  "generate",
  "bob",
  "--email",
  "bob@example.org",
  "--output",
  path("keys"),
]);
type("gate", ["countersign", "log", "init", path("log"), "--origin", `example.org/${name}-log`]);

const verifierKey = JSON.parse(
  spawnSync(
    process.execPath,
    [cli, "log", "init", join(out, "log"), "--origin", `example.org/${name}-log`, "--format", "json"],
    { encoding: "utf8" },
  ).stdout,
).result.verifierKey;
writeFileSync(
  join(out, "policy.yaml"),
  `countersign: policy/v1
project: ${project}
serial: 1
signers:
  alice: { openpgp: keys/alice.asc }
  bob: { openpgp: keys/bob.asc }
require:
  tag: { anyOf: [alice] }
  release: { atLeast: 2, of: [alice, bob] }
logs: { anyOf: ["log ${verifierKey}"] }
`,
);
console.log(`\n${dim(`wrote ${path("policy.yaml")}: alice's tag, both signatures, one log`)}`);
type("alice", ["countersign", "policy", "check", path("policy.yaml")]);
type("alice", ["countersign", "policy", "seal", path("policy.yaml"), "--output", path(`${name}.policy`)]);
type("alice", ["countersign", "trust", "add", path(`${name}.policy`), "--yes"], { env: maintainer });

console.log(`\n${bold("2. A release: tag, pack, sign, stage, countersign, publish")}`);
const named = values.tag === undefined ? "HEAD" : `refs/tags/${tag}`;
const commit = git(repo, "rev-parse", "--verify", `${named}^{commit}`);
// In the copy the tag is made anew, by alice: whose keys signed the real one is not ours to say.
if (spawnSync("git", ["-C", repo, "rev-parse", "--verify", "--quiet", `refs/tags/${tag}`]).status === 0)
  git(repo, "tag", "--delete", tag);
type("alice", [
  "countersign",
  "tag",
  tag,
  "--repo",
  path("repository"),
  "--commit",
  commit,
  "--key",
  path("keys", "alice.key.asc"),
  "--tagger",
  "Alice <alice@example.org>",
  "--message",
  `${name} ${tag}`,
]);
type("alice", [
  "countersign",
  "pack",
  tag,
  "--repo",
  path("repository"),
  "--name",
  name,
  "--project",
  project,
  "--key",
  path("keys", "alice.asc"),
  "--output",
  path("dist"),
]);
type("alice", [
  "countersign",
  "sign",
  path("dist"),
  "--signer",
  "alice",
  "--key",
  path("keys", "alice.key.asc"),
]);
type("alice", ["countersign", "stage", path("dist"), "--to", `directory:${path("site")}`]);
type("alice", ["countersign", "status", `directory:${path("site")}`], { expect: 1, env: maintainer });
console.log(`\n${dim("bob has packed the same tag on his own machine, and signs what he got")}`);
type("bob", [
  "countersign",
  "pack",
  tag,
  "--repo",
  path("repository"),
  "--name",
  name,
  "--project",
  project,
  "--key",
  path("keys", "alice.asc"),
  "--output",
  path("dist-bob"),
]);
type("bob", [
  "countersign",
  "sign",
  path("dist-bob"),
  "--signer",
  "bob",
  "--key",
  path("keys", "bob.key.asc"),
]);
type("bob", ["countersign", "stage", path("dist-bob"), "--to", `directory:${path("site")}`]);
type("gate", ["countersign", "status", `directory:${path("site")}`], { env: maintainer });
type("gate", ["countersign", "publish", `directory:${path("site")}`, "--log", path("log")], {
  env: maintainer,
});

console.log(`\n${bold("3. A stranger: pins the policy, downloads from a web server, verifies offline")}`);
const stranger = { COUNTERSIGN_HOME: home.user };
type("user", ["countersign", "trust", "add", path(`${name}.policy`), "--yes"], { env: stranger });
const server = await serve(join(out, "site"));
await typeAsync("user", ["countersign", "get", server.url, "--output", path("downloads")], stranger);
server.close();
const manifest = JSON.parse(readFileSync(join(out, "site", "releases.json"), "utf8"));
const version = manifest.releases[0].version;
const tarball = `${name}-${version}.tar.gz`;
type("user", ["countersign", "verify", path("downloads", tarball), "--explain"], { env: stranger });

console.log(`\n${bold("4. One byte is changed")}`);
cpSync(join(out, "downloads"), join(out, "tampered"), { recursive: true });
const victim = join(out, "tampered", tarball);
const file = openSync(victim, "r+");
const byte = Buffer.alloc(1);
const middle = Math.floor(statSync(victim).size / 2);
readSync(file, byte, 0, 1, middle);
writeSync(file, Buffer.from([byte[0] ^ 1]), 0, 1, middle);
closeSync(file);
type("user", ["countersign", "verify", path("tampered", tarball)], { expect: 1, env: stranger });

console.log(
  `\nEverything is in ${here(out)}: keys/ log/ policy.yaml repository/ dist/ site/ downloads/ tampered/`,
);
