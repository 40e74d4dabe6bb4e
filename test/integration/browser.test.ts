/** Core in a real browser: the same verification, the same verdicts. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { toBase64 } from "@countersign/core";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeRelease, makeWorld, now } from "../support/release.ts";
import { root, suite } from "./programs.ts";

const page = `
import { bytesSource, fromBase64, inspectRelease, parseBundle, parsePolicy } from "@countersign/core";
import { openpgpScheme } from "@countersign/signature-openpgp";
import { sshScheme } from "@countersign/signature-ssh";
globalThis.check = async ({ policy, bundle, name, artifact, now }) => {
  const schemes = [openpgpScheme(), sshScheme()];
  const report = await inspectRelease({
    policy: await parsePolicy(fromBase64(policy), { schemes }),
    adapters: { schemes },
    now: new Date(now),
    bundles: [parseBundle(fromBase64(bundle))],
    files: [bytesSource(name, fromBase64(artifact))],
  });
  return { verified: report.verified, code: report.code, signers: report.signers.release };
};`;

suite("headless Chromium", ["chromium"], () => {
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let server: Server;
  beforeAll(async () => {
    // WebCrypto wants a secure context; loopback is one, an empty tab is not.
    server = createServer((_, response) =>
      response.setHeader("content-type", "text/html").end("<!doctype html><title>verify</title>"),
    );
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test("verifies a release, and refuses a changed byte", async () => {
    const { outputFiles } = await build({
      stdin: { contents: page, resolveDir: root, loader: "ts" },
      bundle: true,
      write: false,
      format: "iife",
      platform: "browser",
      conditions: ["@countersign/source", "browser"],
    });
    const { files, sealed } = await makeRelease(await makeWorld(), {
      project: "https://example.org/foo",
      name: "foo",
      version: "1.0",
    });
    const get = (name: string): Uint8Array => files.get(name) ?? new Uint8Array();
    const artifact = get("foo-1.0.bin");
    const question = {
      policy: toBase64(sealed),
      bundle: toBase64(get("foo-1.0.countersign.json")),
      name: "foo-1.0.bin",
      now: now.toISOString(),
    };
    const tab = await browser.newPage();
    const problems: string[] = [];
    tab.on("pageerror", (error) => problems.push(error.message));
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await tab.addScriptTag({ content: outputFiles[0]?.text ?? "" });
    const ask = (bytes: Uint8Array): Promise<unknown> =>
      tab.evaluate(
        (given) => (globalThis as unknown as { check(given: object): Promise<unknown> }).check(given),
        { ...question, artifact: toBase64(bytes) },
      );
    expect(await ask(artifact)).toEqual({ verified: true, code: undefined, signers: ["alice", "bob"] });
    expect(await ask(artifact.map((byte, i) => (i === 2 ? byte ^ 1 : byte)))).toMatchObject({
      verified: false,
      code: "ARTIFACT_MISMATCH",
    });
    expect(problems).toEqual([]);
  });
});
