import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  commonEdge,
  consistencyRanges,
  emptyRoot,
  fromHex,
  inclusionRanges,
  leafHash,
  nodeHash,
  proveConsistency,
  proveInclusion,
  rangeHash,
  splitPoint,
  tileOfNode,
  tilePath,
  tilesAtLevel,
  tileWidthAt,
  toHex,
  treeRoot,
  utf8,
  verifyConsistency,
  verifyInclusion,
  verifySubtree,
} from "../src/index.ts";

const lines = readFileSync(new URL("vectors/log/merkle.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(" "));
const of = (kind: string) => lines.filter(([word]) => word === kind).map(([, ...rest]) => rest);
const bytes = (hex = "") => fromHex(hex) ?? expect.fail(`not hex: ${hex}`);

const given = of("leaf").map(([, hex]) => bytes(hex));
const leaves = Array.from({ length: 300 }, (_, i) => leafHash(given[i] ?? utf8(`leaf ${i}`)));
const rootOf = (size: number) => treeRoot(leaves.slice(0, size));
const read = (level: number, index: number) =>
  treeRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
const mismatch = expect.objectContaining({ code: "PROOF_MISMATCH" });
const malformed = expect.objectContaining({ code: "PROOF_MALFORMED" });

describe("RFC 6962 trees agree with Go's tlog", () => {
  test("roots", () => {
    expect(of("root").length).toBeGreaterThan(15);
    for (const [size, root] of of("root")) expect(toHex(rootOf(Number(size)))).toBe(root);
  });

  test("inclusion proofs, made and verified", async () => {
    for (const [i, n, ...hex] of of("inclusion")) {
      const [index, size] = [Number(i), Number(n)];
      expect((await proveInclusion(index, size, read)).map(toHex)).toEqual(hex);
      const leaf = leaves[index] ?? expect.fail();
      verifyInclusion({ leaf, index, hashes: hex.map(bytes) }, { size, root: rootOf(size) });
    }
  });

  test("consistency proofs, made and verified", async () => {
    for (const [from, to, ...hex] of of("consistency")) {
      const [a, b] = [Number(from), Number(to)];
      expect((await proveConsistency(a, b, read)).map(toHex)).toEqual(hex);
      verifyConsistency({ size: a, root: rootOf(a) }, { size: b, root: rootOf(b) }, hex.map(bytes));
    }
  });
});

test("every pair of sizes and every entry up to 40 is proved, and nothing else is", async () => {
  for (let size = 1; size <= 40; size++) {
    const tree = { size, root: rootOf(size) };
    expect(await rangeHash({ start: 0, end: size }, read)).toEqual(tree.root);
    for (let index = 0; index < size; index++) {
      const leaf = leaves[index] ?? expect.fail();
      const hashes = await proveInclusion(index, size, read);
      verifyInclusion({ leaf, index, hashes }, tree);
      expect(() => verifyInclusion({ leaf: leaves[index + 1] ?? leaf, index, hashes }, tree)).toThrow(
        mismatch,
      );
      expect(() => verifyInclusion({ leaf, index, hashes: [...hashes, leaf] }, tree)).toThrow(malformed);
      if (hashes.length > 0)
        expect(() => verifyInclusion({ leaf, index, hashes: hashes.slice(1) }, tree)).toThrow(malformed);
      for (let other = 0; other < size; other++)
        if (other !== index) expect(() => verifyInclusion({ leaf, index: other, hashes }, tree)).toThrow();
    }
    for (let old = 0; old <= size; old++) {
      const before = { size: old, root: rootOf(old) };
      const hashes = await proveConsistency(old, size, read);
      verifyConsistency(before, tree, hashes);
      expect(() => verifyConsistency({ size: old, root: leafHash(before.root) }, tree, hashes)).toThrow(
        mismatch,
      );
      expect(() => verifyConsistency(before, tree, [...hashes, emptyRoot])).toThrow(malformed);
      if (old > 0)
        expect(() => verifyConsistency(before, { size, root: leafHash(tree.root) }, hashes)).toThrow(
          mismatch,
        );
      hashes.forEach((hash, i) => {
        expect(() => verifyConsistency(before, tree, hashes.with(i, leafHash(hash)))).toThrow(mismatch);
      });
    }
  }
});

test("every bundle of entries is a subtree that can be proved", async () => {
  for (const size of [1, 255, 256, 257, 300]) {
    for (const { index, width } of tilesAtLevel(size, "entries")) {
      const [start, end] = [index * 256, index * 256 + width];
      const { pathOf } = await import("../src/merkle/range.ts");
      const hashes = await Promise.all(pathOf({ start, end }, size).map((range) => rangeHash(range, read)));
      const tree = { size, root: rootOf(size) };
      verifySubtree({ start, end, hash: treeRoot(leaves.slice(start, end)), hashes }, tree);
    }
  }
  expect(() =>
    verifySubtree({ start: 1, end: 3, hash: emptyRoot, hashes: [] }, { size: 4, root: emptyRoot }),
  ).toThrow(TypeError);
});

test("refuses numbers outside the tree", () => {
  const leaf = emptyRoot;
  const tree = { size: 4, root: emptyRoot };
  for (const index of [-1, 4, 1.5, Number.NaN, 2 ** 53])
    expect(() => verifyInclusion({ leaf, index, hashes: [] }, tree)).toThrow(malformed);
  expect(() => verifyConsistency({ size: 5, root: leaf }, tree, [])).toThrow(malformed);
  expect(() => verifyInclusion({ leaf: leaf.slice(1), index: 0, hashes: [leaf, leaf] }, tree)).toThrow(
    malformed,
  );
  expect(() => verifyConsistency({ size: 0, root: nodeHash(leaf, leaf) }, tree, [])).toThrow(mismatch);
});

test("the arithmetic holds up to 2^53−1, where 32-bit operations would not", () => {
  const max = Number.MAX_SAFE_INTEGER;
  expect(splitPoint(2 ** 53)).toBe(2 ** 52);
  expect(inclusionRanges(0, max)).toHaveLength(53);
  expect(inclusionRanges(max - 1, max)).toHaveLength(52);
  expect(inclusionRanges(2 ** 40 + 1, 2 ** 41)).toHaveLength(41);
  expect(consistencyRanges(2 ** 52, max).at(-1)).toEqual({ start: 2 ** 52, end: max, side: "right" });
  expect(commonEdge(max - 1, max).seed).toEqual({ start: max - 3, end: max - 1 });
});

describe("tiles", () => {
  test.each([
    [{ level: 0, index: 0, width: 256 }, "tile/0/000"],
    [{ level: 63, index: 999, width: 1 }, "tile/63/999.p/1"],
    [{ level: 1, index: 1234067, width: 256 }, "tile/1/x001/x234/067"],
    [{ level: "entries", index: 1000, width: 255 }, "tile/entries/x001/000.p/255"],
  ] as const)("%o is %s", (tile, path) => {
    expect(tilePath(tile)).toBe(path);
  });

  test.each([
    { level: 64, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
  ])("no path for %o", (tile) => {
    expect(() => tilePath(tile)).toThrow(TypeError);
  });

  // The example of the specification.
  test("a tree of 70,000", () => {
    const at = (level: number) => [...tilesAtLevel(70_000, level)];
    expect(at(0)).toHaveLength(274);
    expect(at(0).at(-1)).toEqual({ level: 0, index: 273, width: 112 });
    expect(at(1).map(({ width }) => width)).toEqual([256, 17]);
    expect(at(2)).toEqual([{ level: 2, index: 0, width: 1 }]);
    expect(at(3)).toEqual([]);
    expect(tileWidthAt(256, 0, 0)).toBe(256);
    expect(tileWidthAt(256, 1, 0)).toBe(1);
  });

  test("where a subtree is found", () => {
    expect(tileOfNode({ level: 7, index: 3 }, 70_000)).toEqual({
      tile: { level: 0, index: 1, width: 256 },
      from: 128,
      to: 256,
    });
    expect(tileOfNode({ level: 8, index: 272 }, 70_000).tile).toEqual({ level: 1, index: 1, width: 17 });
    expect(() => tileOfNode({ level: 8, index: 273 }, 70_000)).toThrow(TypeError);
  });
});
