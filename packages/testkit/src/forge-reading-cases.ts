/** Cases for what every forge does: parse, find, list, read. */

import { readAll, sha256Hex, utf8 } from "@countersign/core";
import { attempt, check, checkEqual, checkFails } from "./conformance-case.ts";
import type { ForgeCase } from "./forge-cases.ts";
import { contents, file, longContent, names, placeOf, publishFiles } from "./forge-fixture.ts";

export const readingCases: readonly ForgeCase[] = [
  {
    name: "another forge's locator is left to it",
    clause: "Undefined when the locator is not this forge's.",
    async run({ forge }) {
      for (const locator of ["nobody-has-such-a-forge:a/b@1", "", "a.tar.gz"])
        check(forge.parse(locator) === undefined, `undefined for ${JSON.stringify(locator)}`);
    },
  },
  {
    name: "a locator leads to its place",
    clause: "Where a release is or will be. Made by `Forge.parse` from what a person typed.",
    async run({ forge, place, locator }) {
      const parsed = [forge.parse(locator()), forge.parse(locator("1.0"))];
      const facts = parsed.map((found) => [found?.forge, found?.base, found?.version]);
      const expected = [undefined, "1.0"].map((version) => [forge.id, place.base, version]);
      checkEqual(facts, expected, "forge, base and version");
    },
  },
  {
    name: "a malformed locator is refused",
    clause: "@throws LOCATOR_UNKNOWN — it is ours, but malformed",
    async run({ forge, malformed }) {
      for (const locator of malformed)
        await checkFails(() => forge.parse(locator), ["LOCATOR_UNKNOWN"], JSON.stringify(locator));
    },
  },
  {
    name: "it has the methods for writing if it says so, and only then",
    clause: "Facts about the service, as data, and true.",
    async run({ forge }) {
      for (const method of ["preflight", "stage", "publish"])
        checkEqual(
          typeof Reflect.get(forge, method) === "function",
          forge.supports.write,
          `${method} is there`,
        );
    },
  },
  {
    name: "a published release has its files, byte for byte",
    clause: "The bytes as they are, from byte `start`",
    async run(fixture) {
      await publishFiles(fixture, "1.0", [
        file("a.txt", longContent),
        file("b.txt", "b\r\n\0"),
        file("c.txt", ""),
      ]);
      const release = await fixture.forge.fetchRelease(placeOf(fixture, "1.0"));
      checkEqual(
        await contents(fixture.forge, release),
        { "a.txt": longContent, "b.txt": "b\r\n\0", "c.txt": "" },
        "files",
      );
      checkEqual([release.state, release.place.version], ["published", "1.0"], "state and version");
    },
  },
  {
    name: "a size that is reported is right",
    clause: "Bytes; the forge's word.",
    async run(fixture) {
      await publishFiles(fixture, "1.0", [file("a.txt", longContent)]);
      const { assets } = await fixture.forge.fetchRelease(placeOf(fixture, "1.0"));
      for (const { size = longContent.length } of assets) checkEqual(size, longContent.length, "size");
    },
  },
  {
    name: "a digest is reported for each asset, and right",
    clause: "Does it report a SHA-256 of its own for each asset?",
    needs: ["serverDigest"],
    async run(fixture) {
      await publishFiles(fixture, "1.0", [file("a.txt", "a")]);
      const { assets } = await fixture.forge.fetchRelease(placeOf(fixture, "1.0"));
      checkEqual(
        assets.map(({ sha256 }) => sha256),
        [sha256Hex(utf8("a"))],
        "digests",
      );
    },
  },
  {
    name: "a download begins in the middle",
    clause: "Can a download begin in the middle?",
    needs: ["ranges"],
    async run(fixture) {
      await publishFiles(fixture, "1.0", [file("a.txt", longContent)]);
      const { assets } = await fixture.forge.fetchRelease(placeOf(fixture, "1.0"));
      for (const asset of assets)
        for (const start of [1, 100_000, longContent.length]) {
          const tail = await readAll(await fixture.forge.open(asset, { start }), 1 << 24, asset.name);
          check(new TextDecoder().decode(tail) === longContent.slice(start), `the bytes from ${start}`);
        }
    },
  },
  {
    name: "a version that is not there is missing, alone or beside another",
    clause: "@throws RELEASE_MISSING",
    async run(fixture) {
      const fetch = () => fixture.forge.fetchRelease(placeOf(fixture, "9.9"));
      await checkFails(fetch, ["RELEASE_MISSING"], "in an empty place");
      await publishFiles(fixture, "1.0", [file("a.txt", "a")]);
      await checkFails(fetch, ["RELEASE_MISSING"], "beside another release");
    },
  },
  {
    name: "without a version, the only release is meant",
    clause: "Without a version: the only one there is.",
    async run(fixture) {
      await checkFails(
        () => fixture.forge.fetchRelease(fixture.place),
        ["RELEASE_MISSING"],
        "in an empty place",
      );
      await publishFiles(fixture, "1.0", [file("a.txt", "a")]);
      checkEqual((await fixture.forge.fetchRelease(fixture.place)).place.version, "1.0", "version");
    },
  },
  {
    name: "without a version, two releases are ambiguous",
    clause: "@throws RELEASE_AMBIGUOUS",
    async run(fixture) {
      for (const version of ["1.0", "2.0"])
        await publishFiles(fixture, version, [file(`a-${version}.txt`, version)]);
      await checkFails(
        () => fixture.forge.fetchRelease(fixture.place),
        ["RELEASE_AMBIGUOUS"],
        "two releases",
      );
      for (const version of ["1.0", "2.0"]) {
        const release = await fixture.forge.fetchRelease(placeOf(fixture, version));
        checkEqual(names(release), [`a-${version}.txt`], `the files of ${version}`);
      }
    },
  },
  {
    name: "published releases are listed with their files",
    clause: "Can it list its releases?",
    needs: ["list"],
    async run(fixture) {
      for (const version of ["1.0", "2.0"])
        await publishFiles(fixture, version, [file(`a-${version}.txt`, version)]);
      const found: string[] = [];
      for await (const release of fixture.forge.list(fixture.place))
        found.push(`${release.place.version} ${release.state} ${names(release)}`);
      checkEqual(found.sort(), ["1.0 published a-1.0.txt", "2.0 published a-2.0.txt"], "releases");
    },
  },
  {
    name: "a file that is gone is an error, on the stream or before it",
    clause: "Errors appear on the stream.",
    async run(fixture) {
      await publishFiles(fixture, "1.0", [file("a.txt", "a")]);
      const { assets } = await fixture.forge.fetchRelease(placeOf(fixture, "1.0"));
      for (const asset of assets) {
        const gone = { ...asset, ref: asset.ref.replace("a.txt", "gone.txt") };
        if (gone.ref === asset.ref) continue;
        const outcome = await attempt(async () => readAll(await fixture.forge.open(gone), 100, "gone"));
        check(outcome.error !== undefined, "an error, not an empty file");
      }
    },
  },
];
