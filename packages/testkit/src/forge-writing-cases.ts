/** Cases for forges that can be written to: stage, publish, and what may never happen. */

import { isWritable, type Source, utf8 } from "@countersign/core";
import { check, checkEqual, checkFails } from "./conformance-case.ts";
import type { ForgeCase } from "./forge-cases.ts";
import { contents, file, longContent, names, placeOf, type WritableRun } from "./forge-fixture.ts";

const writing =
  (run: WritableRun): ForgeCase["run"] =>
  async (fixture) => {
    const { forge } = fixture;
    check(isWritable(forge), "a forge that writes");
    await run(forge, (version) => placeOf(fixture, version), fixture);
  };

/** A source that says `size` and breaks or ends after these bytes. */
function broken(name: string, size: number, content: string, error?: Error): Source {
  const open = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start: (controller) => controller.enqueue(utf8(content)),
      pull: (controller) => (error ? controller.error(error) : controller.close()),
    });
  return { name, size, open };
}

export const writingCases: readonly ForgeCase[] = [
  {
    name: "a staged file is there for its owner, as staged",
    clause: "published if it is, else staged",
    needs: ["write", "stage"],
    run: writing(async (forge, at) => {
      const asset = await forge.stage(at("1.0"), file("a.txt", "a"));
      checkEqual(asset.name, "a.txt", "name of the asset");
      await forge.stage(at("1.0"), file("b.txt", longContent));
      const release = await forge.fetchRelease(at("1.0"));
      checkEqual(release.state, "staged", "state");
      checkEqual(await contents(forge, release), { "a.txt": "a", "b.txt": longContent }, "files");
    }),
  },
  {
    name: "what is staged is listed for its owner",
    clause: "All releases that this reader may see, staged ones included, in no order.",
    needs: ["write", "stage", "list"],
    run: writing(async (forge, at, { place }) => {
      await forge.stage(at("1.0"), file("a.txt", "a"));
      const found: string[] = [];
      for await (const release of forge.list(place)) found.push(`${release.place.version} ${release.state}`);
      checkEqual(found, ["1.0 staged"], "releases");
    }),
  },
  {
    name: "a look ahead changes nothing",
    clause: "Would `stage` and `publish` be allowed? Changes nothing.",
    needs: ["write"],
    run: writing(async (forge, at) => {
      await forge.preflight(at("1.0"));
      await checkFails(() => forge.fetchRelease(at("1.0")), ["RELEASE_MISSING"], "after preflight");
    }),
  },
  {
    name: "staging equal bytes again changes nothing",
    clause: "Idempotent: equal bytes under the same name are done already.",
    needs: ["write"],
    run: writing(async (forge, at) => {
      for (let i = 0; i < 3; i++) await forge.stage(at("1.0"), file("a.txt", "a"));
      checkEqual(names(await forge.publish(at("1.0"))), ["a.txt"], "files");
      await forge.stage(at("1.0"), file("a.txt", "a"));
      checkEqual(names(await forge.fetchRelease(at("1.0"))), ["a.txt"], "files");
    }),
  },
  {
    name: "other bytes are not staged over",
    clause:
      "@throws ASSET_CONFLICT — other bytes stand there (staged, without `replace`; or published, always)",
    needs: ["write", "stage"],
    run: writing(async (forge, at) => {
      await forge.stage(at("1.0"), file("a.txt", "old"));
      await checkFails(
        () => forge.stage(at("1.0"), file("a.txt", "new")),
        ["ASSET_CONFLICT"],
        "of the same size",
      );
      await checkFails(
        () => forge.stage(at("1.0"), file("a.txt", "longer")),
        ["ASSET_CONFLICT"],
        "of another size",
      );
      checkEqual(await contents(forge, await forge.fetchRelease(at("1.0"))), { "a.txt": "old" }, "files");
    }),
  },
  {
    name: "other bytes are staged over by request",
    clause: "Replace other bytes that are staged under this name.",
    needs: ["write", "stage"],
    run: writing(async (forge, at) => {
      await forge.stage(at("1.0"), file("a.txt", "old"));
      await forge.stage(at("1.0"), file("a.txt", "new"), { replace: true });
      checkEqual(await contents(forge, await forge.fetchRelease(at("1.0"))), { "a.txt": "new" }, "files");
    }),
  },
  {
    name: "what is published is never replaced, not even by request",
    clause: "Never touches what is published.",
    needs: ["write"],
    run: writing(async (forge, at) => {
      await forge.stage(at("1.0"), file("a.txt", "old"));
      await forge.publish(at("1.0"));
      for (const replace of [false, true]) {
        const stage = () => forge.stage(at("1.0"), file("a.txt", "new"), { replace });
        await checkFails(stage, ["ASSET_CONFLICT", "ALREADY_PUBLISHED"], `replace: ${replace}`);
      }
      const release = await forge.fetchRelease(at("1.0"));
      checkEqual(
        [release.state, await contents(forge, release)],
        ["published", { "a.txt": "old" }],
        "release",
      );
    }),
  },
  {
    name: "publishing shows everything that was staged",
    clause: "Makes everything staged visible, whole or not at all.",
    needs: ["write"],
    run: writing(async (forge, at) => {
      for (const name of ["a.txt", "b.txt", "c.txt"]) await forge.stage(at("1.0"), file(name, name));
      const release = await forge.publish(at("1.0"));
      checkEqual(
        [release.state, names(release)],
        ["published", ["a.txt", "b.txt", "c.txt"]],
        "what publish returns",
      );
      const again = await forge.fetchRelease(at("1.0"));
      checkEqual([again.state, names(again)], ["published", ["a.txt", "b.txt", "c.txt"]], "what is fetched");
    }),
  },
  {
    name: "at no moment a part of the release is published",
    clause: "Does a release appear whole in one step?",
    needs: ["write", "stage", "atomicPublish"],
    run: writing(async (forge, at) => {
      const all = Array.from({ length: 8 }, (_, i) => `file-${i}.txt`);
      for (const name of all) await forge.stage(at("1.0"), file(name, name));
      let published = false;
      const publish = forge.publish(at("1.0")).finally(() => {
        published = true;
      });
      while (!published) {
        const release = await forge.fetchRelease(at("1.0"));
        if (release.state === "published") checkEqual(names(release), all, "files seen while publishing");
      }
      await publish;
    }),
  },
  {
    name: "publishing again changes nothing",
    clause: "Makes everything staged visible, whole or not at all. Idempotent.",
    needs: ["write"],
    run: writing(async (forge, at) => {
      await forge.stage(at("1.0"), file("a.txt", "a"));
      const [first, second] = [await forge.publish(at("1.0")), await forge.publish(at("1.0"))];
      checkEqual([second.state, names(second)], [first.state, names(first)], "the second time");
    }),
  },
  {
    name: "nothing cannot be published",
    clause: "@throws RELEASE_MISSING",
    needs: ["write"],
    run: writing(async (forge, at) => {
      await checkFails(() => forge.publish(at("1.0")), ["RELEASE_MISSING"], "publish");
      await checkFails(() => forge.fetchRelease(at("1.0")), ["RELEASE_MISSING"], "fetchRelease");
    }),
  },
  {
    name: "versions do not mix",
    clause: "Uploads one file unseen.",
    needs: ["write", "stage"],
    run: writing(async (forge, at) => {
      await forge.stage(at("1.0"), file("a.txt", "1"));
      await forge.publish(at("1.0"));
      await forge.stage(at("2.0"), file("a.txt", "2"));
      const [one, two] = [await forge.fetchRelease(at("1.0")), await forge.fetchRelease(at("2.0"))];
      checkEqual([one.state, await contents(forge, one)], ["published", { "a.txt": "1" }], "1.0");
      checkEqual([two.state, await contents(forge, two)], ["staged", { "a.txt": "2" }], "2.0");
    }),
  },
  {
    name: "an upload that breaks leaves nothing, and can be repeated",
    clause: "A run that is killed leaves nothing half-written under the name.",
    needs: ["write"],
    run: writing(async (forge, at) => {
      await forge.stage(at("1.0"), file("b.txt", "b"));
      const cut = broken("a.txt", 6, "abc", new Error("the disk is gone"));
      await checkFails(() => forge.stage(at("1.0"), cut), [], "a source that breaks");
      checkEqual(names(await forge.fetchRelease(at("1.0"))), ["b.txt"], "files");
      await forge.stage(at("1.0"), file("a.txt", "abcdef"));
      checkEqual(
        await contents(forge, await forge.fetchRelease(at("1.0"))),
        { "a.txt": "abcdef", "b.txt": "b" },
        "files",
      );
    }),
  },
  {
    name: "a source that gives fewer or more bytes than it says is refused",
    clause: "Errors when the file is found to have another size than `size`.",
    needs: ["write"],
    run: writing(async (forge, at) => {
      await forge.stage(at("1.0"), file("b.txt", "b"));
      await checkFails(
        () => forge.stage(at("1.0"), broken("a.txt", 6, "abc")),
        ["FILE_CHANGED"],
        "fewer bytes",
      );
      await checkFails(
        () => forge.stage(at("1.0"), broken("a.txt", 2, "abc")),
        ["FILE_CHANGED"],
        "more bytes",
      );
      checkEqual(names(await forge.fetchRelease(at("1.0"))), ["b.txt"], "files");
    }),
  },
  {
    name: "an abort stops the upload",
    clause: "readonly signal?: AbortSignal | undefined",
    needs: ["write"],
    run: writing(async (forge, at) => {
      const signal = AbortSignal.abort();
      await checkFails(() => forge.stage(at("1.0"), file("a.txt", "a"), { signal }), ["ABORTED"], "stage");
      await checkFails(() => forge.fetchRelease(at("1.0")), ["RELEASE_MISSING"], "afterwards");
    }),
  },
  {
    name: "progress adds up to the size",
    clause: "Bytes sent so far.",
    needs: ["write"],
    run: writing(async (forge, at) => {
      const source = file("a.txt", longContent);
      let sent = 0;
      const onBytes = (count: number): void => {
        sent += count;
      };
      await forge.stage(at("1.0"), source, { onBytes });
      checkEqual(sent, source.size, "sum of the reported counts");
    }),
  },
];
