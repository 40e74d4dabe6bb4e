import { utf8 } from "@countersign/core";
import { generateOpenpgpKey, openpgpKeySigner, openpgpScheme } from "@countersign/signature-openpgp";
import { describe, test } from "vitest";
import { type SchemeFixture, schemeCases } from "../src/index.ts";

const date = new Date("2026-01-01T00:00:00Z");
const now = (): Date => new Date("2026-06-01T00:00:00Z");
const keys = Promise.all(["mine", "other"].map((name) => generateOpenpgpKey({ name, date })));

const make = async (): Promise<SchemeFixture> => {
  const [mine, other] = await keys;
  if (!mine || !other) throw new Error("no keys");
  return {
    scheme: openpgpScheme(),
    signer: await openpgpKeySigner({ secretKey: utf8(mine.secretKey), now }),
    keys: utf8(mine.publicKey),
    otherKeys: utf8(other.publicKey),
    purposes: false,
  };
};

describe("openpgpScheme keeps the contract", () => {
  for (const one of schemeCases({ make })) test(one.name, () => one.run());
});
