/** The arrows of ARCHITECTURE.md: cli → node → adapters → core, testkit → core; inside core flows → formats → errors. */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const packages = resolve(import.meta.dirname, "../packages");
const adapters = ["source-git", "signature-openpgp", "signature-ssh", "log-tiles", "forge-directory"];
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ...Object.fromEntries(adapters.map((name) => [name, ["core"]])),
  testkit: ["core"],
  node: ["core", ...adapters],
  cli: ["core", "node", ...adapters],
};
const rooms: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  native: [],
  ports: ["errors"],
  merkle: ["errors", "formats", "native"],
  formats: ["errors", "ports", "native", "merkle"],
  http: ["errors", "ports", "formats"],
  flows: ["errors", "ports", "formats", "native", "merkle"],
};

function sources(name: string): { readonly path: string; readonly text: string }[] {
  const directory = join(packages, name, "src");
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => ({ path, text: readFileSync(join(directory, path), "utf8") }));
}

const importsIn = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, path = ""]) => path);

test("every package has its arrows", () => {
  expect(readdirSync(packages).sort()).toEqual(Object.keys(allowed).sort());
});

describe.each(Object.entries(allowed))("%s", (name, may) => {
  test("imports only what it may", () => {
    const wrong = sources(name).flatMap(({ path, text }) =>
      importsIn(text)
        .filter((imported) =>
          imported.startsWith("@countersign/")
            ? !may.includes(imported.split("/")[1] ?? "")
            : imported.includes("packages/") || imported.startsWith("../../../"),
        )
        .map((imported) => `${path} → ${imported}`),
    );
    expect(wrong).toEqual([]);
  });
});

test("inside core the arrows run one way", () => {
  const wrong = sources("core").flatMap(({ path, text }) => {
    const [room = ""] = path.split("/");
    if (path === "index.ts") return [];
    return importsIn(text)
      .filter((imported) => imported.startsWith("../") || imported === "#native")
      .map((imported) => (imported === "#native" ? "native" : (imported.split("/")[1] ?? "")))
      .filter((other) => !rooms[room]?.includes(other))
      .map((other) => `${path} → ${other}`);
  });
  expect(wrong).toEqual([]);
});

test("core has no I/O, no clock, no environment", () => {
  const impure =
    /from "node:|\bprocess\.|globalThis\.fetch|(?<![.\w])fetch\(|Date\.now\(|new Date\(\)|\bsetTimeout\(/;
  const wrong = sources("core").flatMap(({ path, text }) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    return path !== join("native", "node.ts") && impure.test(code)
      ? [`${path}: ${impure.exec(code)?.[0]}`]
      : [];
  });
  expect(wrong).toEqual([]);
});
