/** Schemes that break one clause each: they prove that every case can fail. */

import { bytesSource, type Key, readAll, type Scheme, type Source } from "@countersign/core";

export interface BrokenScheme {
  readonly fault: string;
  /** Name of the case that must notice. */
  readonly caughtBy: string;
  readonly break: (sound: Scheme) => Scheme;
}

const firstChunk = async (message: Source): Promise<Source> => {
  const { value = new Uint8Array() } = await message.open().getReader().read();
  return bytesSource(message.name, value);
};

export const brokenSchemes: readonly BrokenScheme[] = [
  {
    fault: "reads only the first chunk",
    caughtBy: "a signature is good, by the key that made it, each time it is looked at",
    break: (sound) => ({
      ...sound,
      check: async (message, ...rest) => sound.check(await firstChunk(message), ...rest),
    }),
  },
  {
    fault: "does not look at the message",
    caughtBy: "a changed message is bad",
    break: (sound) => ({
      ...sound,
      check: async (...given) =>
        (await sound.check(...given)).map((one) =>
          one.code === "SIGNATURE_BAD" ? { ...one, outcome: "good" } : one,
        ),
    }),
  },
  {
    fault: "says nothing of what it cannot read",
    caughtBy: "a damaged signature is an outcome, and not a good one",
    break: (sound) => ({
      ...sound,
      check: async (...given) =>
        (await sound.check(...given)).filter(({ code }) => code !== "SIGNATURE_MALFORMED"),
    }),
  },
  {
    fault: "names the first key, whoever signed",
    caughtBy: "without the key, nothing is good",
    break: (sound) => ({
      ...sound,
      async check(message, signature, keys, options) {
        const facts = await sound.check(message, signature, keys, options);
        const [first] = keys;
        return first ? facts.map((one) => ({ ...one, key: one.key ?? first.id })) : facts;
      },
    }),
  },
  {
    fault: "reads the first key of a file only",
    caughtBy: "among several keys the right one is found",
    break: (sound) => ({ ...sound, parseKeys: async (bytes) => (await sound.parseKeys(bytes)).slice(0, 1) }),
  },
  {
    fault: "numbers keys as they come",
    caughtBy: "keys have the scheme's name, and the same id each time",
    break(sound) {
      let count = 0;
      const number = (key: Key): Key => ({ ...key, id: `${count++}` });
      return { ...sound, parseKeys: async (bytes) => (await sound.parseKeys(bytes)).map(number) };
    },
  },
  {
    fault: "finds no key and says nothing",
    caughtBy: "what holds no key is refused",
    break: (sound) => ({ ...sound, parseKeys: (bytes) => sound.parseKeys(bytes).catch(() => []) }),
  },
  {
    fault: "recognises everything",
    caughtBy: "it recognises its own signatures and nothing else, and never throws",
    break: (sound) => ({ ...sound, recognises: () => true }),
  },
  {
    fault: "has other endings than its signer",
    caughtBy: "signatures carry the scheme's name and one of its endings",
    break: (sound) => ({ ...sound, extensions: ["toy"] }),
  },
  {
    fault: "takes any purpose",
    caughtBy: "a signature for one purpose is not good for another",
    break: (sound) => ({
      ...sound,
      async check(message, signature, keys, options) {
        const bytes = await readAll(message.open(), 1 << 20, message.name);
        for (const purpose of ["release", "rebuild", "tag", "file"] as const) {
          const facts = await sound.check(bytesSource(message.name, bytes), signature, keys, {
            ...options,
            purpose,
          });
          if (facts.some(({ outcome }) => outcome === "good")) return facts;
        }
        return sound.check(message, signature, keys, options);
      },
    }),
  },
];
