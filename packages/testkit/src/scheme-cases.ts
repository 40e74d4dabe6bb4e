/** The contract of `Scheme` (and of a `Signer` of it), case by case. */

import {
  bytesSource,
  concatBytes,
  type Key,
  type Purpose,
  type Scheme,
  type SignatureFacts,
  type Signer,
  type Source,
  utf8,
} from "@countersign/core";
import { attempt, type ConformanceCase, caseOn, check, checkEqual, checkFails } from "./conformance-case.ts";

export interface SchemeFixture {
  readonly scheme: Scheme;
  readonly signer: Signer;
  /** The signer's public key, as `parseKeys` reads it. */
  readonly keys: Uint8Array;
  /** Public key of somebody else. */
  readonly otherKeys: Uint8Array;
  /** Does the scheme bind a signature to its purpose? */
  readonly purposes: boolean;
  readonly close?: () => Promise<void>;
}

interface SchemeCase {
  readonly name: string;
  readonly clause: string;
  readonly needs?: readonly "purposes"[];
  readonly run: (fixture: SchemeFixture) => Promise<void>;
}

const message = bytesSource("message", utf8("release 1.0\r\n\0 trailing space \n"));
const junk: readonly Uint8Array[] = [
  new Uint8Array(),
  utf8("-----BEGIN JUNK-----\n\n-----END JUNK-----\n"),
  Uint8Array.from({ length: 500 }, (_, i) => (i * 89) & 255),
  new Uint8Array(100_000),
];

/** The same bytes in chunks of one. */
function chopped(source: Source): Source {
  return {
    ...source,
    open: (options) =>
      source.open(options).pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            for (const byte of chunk) controller.enqueue(Uint8Array.of(byte));
          },
        }),
      ),
  };
}

async function look(
  { scheme, keys }: SchemeFixture,
  signature: Uint8Array,
  options: { message?: Source; keys?: readonly Key[]; purpose?: Purpose } = {},
): Promise<readonly SignatureFacts[]> {
  const outcome: { facts?: readonly SignatureFacts[] } = {};
  const { error } = await attempt(async () => {
    const given = options.keys ?? (await scheme.parseKeys(keys));
    outcome.facts = await scheme.check(options.message ?? message, signature, given, {
      purpose: options.purpose ?? "release",
    });
  });
  check(error === undefined, `an outcome, not an error: ${String(error)}`);
  check((outcome.facts?.length ?? 0) > 0, "one entry for each signature, at least one");
  return outcome.facts ?? [];
}

function checkNeverGood(facts: readonly SignatureFacts[], what: string): void {
  check(!facts.some(({ outcome }) => outcome === "good"), `${what} not to be good`);
}

const sign = async ({ signer }: SchemeFixture, purpose: Purpose = "release"): Promise<Uint8Array> =>
  (await signer.sign(message, { purpose })).bytes;

const cases: readonly SchemeCase[] = [
  {
    name: "a signature is good, by the key that made it, each time it is looked at",
    clause: "`Key.id` of the given key that made it; absent when none of them did.",
    async run(fixture) {
      const signature = await sign(fixture);
      const [key] = await fixture.scheme.parseKeys(fixture.keys);
      for (const source of [message, message, chopped(message)]) {
        const facts = await look(fixture, signature, { message: source });
        checkEqual(
          facts.map((one) => [one.outcome, one.key]),
          [["good", key?.id]],
          "outcome and key",
        );
      }
    },
  },
  {
    name: "a changed message is bad",
    clause: "What `signature` says of `message`",
    async run(fixture) {
      const signature = await sign(fixture);
      for (const text of ["", "release 1.1\r\n\0 trailing space \n", "release 1.0\n\0 trailing space\n"]) {
        const facts = await look(fixture, signature, { message: bytesSource("message", utf8(text)) });
        checkEqual(
          facts.map(({ outcome }) => outcome),
          ["bad"],
          JSON.stringify(text),
        );
      }
    },
  },
  {
    name: "a damaged signature is an outcome, and not a good one",
    clause: "Never throws for bad input: that is an outcome.",
    async run(fixture) {
      const signature = await sign(fixture);
      for (const bytes of junk) checkNeverGood(await look(fixture, bytes), "junk");
      for (const share of [0.25, 0.5, 0.75])
        checkNeverGood(
          await look(fixture, signature.subarray(0, signature.length * share)),
          "a part of a signature",
        );
      for (let at = 0; at < signature.length; at += 7) {
        const damaged = signature.slice();
        damaged[at] = (damaged[at] ?? 0) ^ 0x15;
        await look(fixture, damaged);
      }
    },
  },
  {
    name: "without the key, nothing is good",
    clause: "absent when none of them did",
    async run(fixture) {
      const signature = await sign(fixture);
      for (const keys of [[], await fixture.scheme.parseKeys(fixture.otherKeys)]) {
        const facts = await look(fixture, signature, { keys });
        checkNeverGood(facts, `a signature by none of ${keys.length} keys`);
        check(
          facts.every(({ key }) => key === undefined),
          "no key to be named",
        );
      }
    },
  },
  {
    name: "among several keys the right one is found",
    clause: "All keys in `bytes`; at least one.",
    async run(fixture) {
      const { scheme } = fixture;
      const [mine, other] = [await scheme.parseKeys(fixture.keys), await scheme.parseKeys(fixture.otherKeys)];
      const both = await scheme.parseKeys(concatBytes(fixture.otherKeys, fixture.keys));
      const ids = both.map(({ id }) => id).sort();
      checkEqual(ids, [...mine, ...other].map(({ id }) => id).sort(), "keys of two files in one");
      const facts = await look(fixture, await sign(fixture), { keys: both });
      checkEqual(
        facts.map(({ outcome, key }) => [outcome, key]),
        [["good", mine[0]?.id]],
        "outcome and key",
      );
    },
  },
  {
    name: "keys have the scheme's name, and the same id each time",
    clause: "Stable name of the key",
    async run({ scheme, keys, otherKeys }) {
      const [first, second] = [await scheme.parseKeys(keys), await scheme.parseKeys(keys)];
      check(
        first.length > 0 && first.every((key) => key.scheme === scheme.name && key.id !== ""),
        "keys of the scheme",
      );
      checkEqual(
        second.map(({ id }) => id),
        first.map(({ id }) => id),
        "ids of a second reading",
      );
      check((await scheme.parseKeys(otherKeys))[0]?.id !== first[0]?.id, "another id for another key");
    },
  },
  {
    name: "what holds no key is refused",
    clause: "@throws KEY_MALFORMED — no key could be read",
    async run({ scheme }) {
      for (const bytes of junk)
        await checkFails(
          () => scheme.parseKeys(bytes),
          ["KEY_MALFORMED", "UTF8_MALFORMED"],
          `${bytes.length} bytes of junk`,
        );
    },
  },
  {
    name: "it recognises its own signatures and nothing else, and never throws",
    clause: "Do these bytes look like a signature of this scheme? Cheap, and never throws.",
    async run(fixture) {
      check(fixture.scheme.recognises(await sign(fixture)), "its own signature to be recognised");
      for (const bytes of junk) {
        const found: { value?: boolean } = {};
        const { error } = await attempt(() => {
          found.value = fixture.scheme.recognises(bytes);
        });
        check(
          error === undefined && found.value === false,
          `${bytes.length} bytes of junk not to be recognised`,
        );
      }
    },
  },
  {
    name: "signatures carry the scheme's name and one of its endings",
    clause: "Endings of signature files, with the dot",
    async run({ scheme, signer }) {
      const signature = await signer.sign(message, { purpose: "release" });
      check(
        scheme.extensions.length > 0 && scheme.extensions.every((one) => one.startsWith(".")),
        "endings with a dot",
      );
      check(
        scheme.extensions.includes(signature.extension),
        `${signature.extension} among the scheme's endings`,
      );
      checkEqual([signature.scheme, signer.scheme], [scheme.name, scheme.name], "scheme");
    },
  },
  {
    name: "a signature for one purpose is not good for another",
    clause: "A scheme with namespaces (SSH) uses another one for each.",
    needs: ["purposes"],
    async run(fixture) {
      const signature = await sign(fixture, "rebuild");
      const good = await look(fixture, signature, { purpose: "rebuild" });
      checkEqual(
        good.map(({ outcome }) => outcome),
        ["good"],
        "for its own purpose",
      );
      for (const purpose of ["release", "tag", "file"] as const)
        checkNeverGood(await look(fixture, signature, { purpose }), `a rebuild signature as ${purpose}`);
    },
  },
];

/** @param options.make an adapter, a signer and two keys; made for one case */
export function schemeCases({
  make,
}: {
  readonly make: () => Promise<SchemeFixture>;
}): readonly ConformanceCase[] {
  return cases.map((one) => caseOn(one, make, (fixture, need) => need === "purposes" && fixture.purposes));
}
