/** What is measured: each row makes what it needs in `room` and gives figures, or says which program is missing. */

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compare, hasProgram, measuresMemory, once } from "./measure.mjs";

const cli = resolve(dirname(fileURLToPath(import.meta.url)), "../packages/cli/dist/bin.js");
const node = process.execPath;

function must(command, options = {}) {
  const [program, ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    ...options,
  });
  if (status !== 0) throw new Error(`${command.join(" ")} failed: ${stderr}`);
  return stdout;
}

/** Bytes that do not compress, the same every time. */
function writeNoise(path, size) {
  const block = Buffer.alloc(1 << 20);
  for (let at = 0, state = createHash("sha256").update("countersign"); at < block.length; at += 32) {
    const digest = state.digest();
    digest.copy(block, at);
    state = createHash("sha256").update(digest);
  }
  const file = openSync(path, "w");
  for (let left = size; left > 0; left -= block.length) {
    block.writeUInt32LE(left >>> 0, 0);
    writeSync(file, block, 0, Math.min(left, block.length));
  }
  closeSync(file);
}

/** A published release of one file that was made elsewhere, and somebody who has pinned its policy. */
export function makeRelease(room, name, size) {
  const directory = join(room, name);
  if (existsSync(join(directory, "site"))) return release(directory, name);
  mkdirSync(directory, { recursive: true });
  const env = { ...process.env, COUNTERSIGN_HOME: join(directory, "home") };
  const type = (...args) => must([node, cli, ...args], { cwd: directory, env });
  const file = `${name}-1.0.bin`;
  writeNoise(join(directory, file), size);
  type("keys", "generate", "alice", "--output", "keys");
  const { verifierKey } = JSON.parse(
    type("log", "init", "log", "--origin", "example.org/log", "--format", "json"),
  ).result;
  writeFileSync(
    join(directory, "policy.yaml"),
    `countersign: policy/v1\nproject: https://example.org/${name}\nserial: 1\nsigners: { alice: { openpgp: keys/alice.asc } }\nrequire: { release: { anyOf: [alice] } }\nlogs: { anyOf: ["log ${verifierKey}"] }\n`,
  );
  type("policy", "seal", "policy.yaml", "--output", "sealed.policy");
  type("trust", "add", "sealed.policy", "--yes");
  type(
    "pack",
    "--files",
    file,
    "--version",
    "1.0",
    "--name",
    name,
    "--project",
    `https://example.org/${name}`,
    "--output",
    "dist",
  );
  rmSync(join(directory, file));
  type("sign", "dist", "--signer", "alice", "--key", "keys/alice.key.asc");
  type("stage", "dist", "--to", "directory:site");
  type("publish", "directory:site", "--log", "log");
  rmSync(join(directory, "dist"), { recursive: true });
  return release(directory, name);
}

function release(directory, name) {
  const files = join(directory, "site", "1.0");
  return {
    directory,
    files,
    artifact: join(files, `${name}-1.0.bin`),
    extra: { COUNTERSIGN_HOME: join(directory, "home") },
  };
}

const MiB = 1 << 20;

/** @param {{ room: string, scale: number, runs: number }} options scale: 1 is the sizes that the targets name */
export function rows({ room, scale, runs }) {
  const big = Math.max(4 * MiB, Math.floor(1024 * MiB * scale));
  const huge = Math.max(16 * MiB, Math.floor(4096 * MiB * scale));
  const sized = (bytes) =>
    bytes >= 1024 * MiB ? `${bytes / (1024 * MiB)} GiB` : `${Math.round(bytes / MiB)} MiB`;
  const verifyOf = ({ artifact }) => [node, cli, "verify", artifact];
  return [
    {
      name: "start",
      title: "countersign --version : node -e 0",
      target: 1.3,
      run: () => compare([node, cli, "--version"], [node, "-e", "0"], { runs: runs * 4 }),
    },
    {
      name: "small",
      title: "verify of a small release, all included : node -e 0",
      target: 4,
      run() {
        const small = makeRelease(room, "small", 4096);
        return compare(verifyOf(small), [node, "-e", "0"], {
          runs: runs * 4,
          options: { extra: small.extra },
        });
      },
    },
    {
      name: "verify",
      title: `verify of ${sized(big)} : openssl dgst -sha256`,
      target: 1.15,
      needs: ["openssl"],
      run() {
        const made = makeRelease(room, "big", big);
        return compare(verifyOf(made), ["openssl", "dgst", "-sha256", made.artifact], {
          runs,
          options: { extra: made.extra },
        });
      },
    },
    {
      name: "gpg",
      title: `verify of ${sized(big)} : gpg --verify + sha256sum -c`,
      target: 0.5,
      needs: ["gpg", "sha256sum"],
      run() {
        const made = makeRelease(room, "big", big);
        const home = join(room, "gnupg");
        mkdirSync(home, { recursive: true, mode: 0o700 });
        const env = { ...process.env, GNUPGHOME: home };
        const signature = join(room, "big.sig");
        if (!existsSync(signature)) {
          must(
            ["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "bench@example.org", "ed25519", "sign"],
            { env },
          );
          must(["gpg", "--batch", "--yes", "--detach-sign", "--output", signature, made.artifact], { env });
          must(["gpgconf", "--kill", "all"], { env });
        }
        const script = `gpg --batch --quiet --verify '${signature}' '${made.artifact}' && cd '${made.files}' && sha256sum --ignore-missing -c big-1.0.SHA256SUMS`;
        return compare(verifyOf(made), ["sh", "-c", script], {
          runs,
          options: { extra: made.extra },
          theirOptions: { extra: { GNUPGHOME: home } },
        });
      },
    },
    {
      name: "get",
      title: `get of ${sized(big)} over loopback, verified : curl | tee FILE | openssl dgst -sha256`,
      target: 1.3,
      needs: ["nginx", "curl", "openssl"],
      async run() {
        const made = makeRelease(room, "big", big);
        const server = await serve(join(made.directory, "site"), room);
        const into = join(room, "downloads");
        const copy = join(room, "copy");
        const clear = () => {
          rmSync(into, { recursive: true, force: true });
          rmSync(copy, { force: true });
        };
        try {
          return compare(
            [node, cli, "get", `${server.url}1.0/`, "--output", into],
            ["sh", "-c", `curl -sS '${server.url}1.0/big-1.0.bin' | tee '${copy}' | openssl dgst -sha256`],
            { runs, options: { extra: made.extra, before: clear }, theirOptions: { before: clear } },
          );
        } finally {
          server.close();
          clear();
        }
      },
    },
    {
      name: "memory",
      title: `peak memory for ${sized(huge)} less that for 4 MiB: verify`,
      memory: 40,
      run: () => grown(room, huge, verifyOf),
    },
    {
      name: "memory-get",
      title: `peak memory for ${sized(huge)} less that for 4 MiB: get from a directory`,
      memory: 40,
      run: () =>
        grown(
          room,
          huge,
          ({ directory }) => [
            node,
            cli,
            "get",
            `directory:${join(directory, "site")}@1.0`,
            "--output",
            join(room, "downloads"),
          ],
          () => rmSync(join(room, "downloads"), { recursive: true, force: true }),
        ),
    },
    {
      name: "memory-pack",
      title: `peak memory for ${sized(huge)} less that for 4 MiB: pack`,
      memory: 40,
      run: () =>
        grown(
          room,
          huge,
          ({ artifact }) => [
            node,
            cli,
            "pack",
            "--files",
            artifact,
            "--version",
            "2.0",
            "--name",
            "x",
            "--project",
            "https://example.org/x",
            "--output",
            join(room, "packed"),
          ],
          () => rmSync(join(room, "packed"), { recursive: true, force: true }),
        ),
    },
    {
      name: "pack",
      title: "pack of a tag to a tar (4,000 files, 128 MiB) : git archive",
      target: 1.5,
      run() {
        const repo = makeRepository(room);
        const clear = () => rmSync(join(room, "packed"), { recursive: true, force: true });
        return compare(
          [
            node,
            cli,
            "pack",
            "v1.0",
            "--repo",
            repo,
            "--key",
            join(room, "tagger.asc"),
            "--formats",
            "tar",
            "--output",
            join(room, "packed"),
          ],
          [
            "git",
            "-C",
            repo,
            "archive",
            "--format=tar",
            "--prefix=repo-1.0/",
            "-o",
            join(room, "git.tar"),
            "v1.0",
          ],
          { runs, options: { before: clear } },
        );
      },
    },
  ].map((row) => ({ ...row, missing: (row.needs ?? []).filter((name) => !hasProgram(name)) }));
}

function grown(room, huge, command, before) {
  if (!measuresMemory) return { missing: ["GNU time"] };
  const [small, large] = [makeRelease(room, "little", 4 * MiB), makeRelease(room, "huge", huge)].map(
    (made) => once(command(made), { extra: made.extra, before }).mebibytes,
  );
  before?.();
  return { memory: large, growth: large - small };
}

function makeRepository(room) {
  const repo = join(room, "repo");
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_DATE: "1790000000 +0000",
    GIT_COMMITTER_DATE: "1790000000 +0000",
  };
  if (existsSync(repo)) return repo;
  mkdirSync(repo);
  const git = (...args) =>
    must(["git", "-C", repo, "-c", "user.name=B", "-c", "user.email=b@example.org", ...args], { env });
  writeNoise(join(room, "blob"), 32 << 10);
  for (let directory = 0; directory < 40; directory++) {
    mkdirSync(join(repo, `d${directory}`));
    for (let file = 0; file < 100; file++) {
      const path = join(repo, `d${directory}`, `f${file}.c`);
      copyFileSync(join(room, "blob"), path);
      writeFileSync(path, `${directory} ${file}\n`, { flag: "a" });
    }
  }
  git("init", "--quiet", "-b", "main");
  git("add", "-A");
  git("commit", "--quiet", "-m", "first");
  must([node, cli, "keys", "generate", "tagger", "--output", room]);
  must([
    node,
    cli,
    "tag",
    "v1.0",
    "--repo",
    repo,
    "--key",
    join(room, "tagger.key.asc"),
    "--tagger",
    "B <b@example.org>",
  ]);
  return repo;
}

/** nginx for one directory, on loopback. */
async function serve(directory, room) {
  const port = await new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${join(room, `nginx-${kind}`)};`)
    .join(" ");
  const user = process.getuid?.() === 0 ? "user root;" : "";
  writeFileSync(
    join(room, "nginx.conf"),
    `${user} worker_processes 1; daemon off; pid ${join(room, "nginx.pid")}; error_log ${join(room, "nginx.log")};\nevents {}\nhttp { access_log off; sendfile on; ${temporary} server { listen 127.0.0.1:${port}; root ${directory}; } }\n`,
  );
  const child = spawn("nginx", ["-c", join(room, "nginx.conf")], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}/`;
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await fetch(`${url}releases.json`);
      return { url, close: () => child.kill() };
    } catch {
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  child.kill();
  throw new Error("nginx does not answer");
}
