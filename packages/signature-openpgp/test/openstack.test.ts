/** 204 real tags of oslo.config, and what gpg says of each. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesSource, type Key } from "@countersign/core";
import { describe, expect, test } from "vitest";
import { openpgpScheme } from "../src/index.ts";

const root = new URL("../../..", import.meta.url).pathname;
const shared = process.env.COUNTERSIGN_SHARED ?? join(root, "..", "shared");
const fixtures = join(shared, "fixtures", "openstack");
const absent = !existsSync(join(fixtures, "expected-gpg.tsv"));
if (absent) console.log(`skipped: the OpenStack tags; set COUNTERSIGN_SHARED (looked in ${fixtures})`);

describe.skipIf(absent)(
  `OpenStack's tags against gpg${absent ? " (skipped: COUNTERSIGN_SHARED is not set)" : ""}`,
  () => {
    test("every tag gets gpg's answer, with its key and time", { timeout: 120_000 }, async () => {
      const scheme = openpgpScheme();
      const keys: Key[] = [];
      for (const name of readdirSync(join(fixtures, "keys")))
        keys.push(...(await scheme.parseKeys(readFileSync(join(fixtures, "keys", name)))));
      const lines = readFileSync(join(fixtures, "expected-gpg.tsv"), "utf8").trim().split("\n").slice(1);
      expect(lines.length).toBe(204);
      const counts: Record<string, number> = {};
      const differences: unknown[] = [];
      for (const line of lines) {
        const [tag = "", status, , fingerprint = "", seconds = ""] = line.split("\t");
        const raw = readFileSync(join(fixtures, "tags", `${tag}.tag`));
        const at = raw.indexOf("-----BEGIN PGP SIGNATURE-----");
        const message = bytesSource(tag, raw.subarray(0, at));
        const [facts] = await scheme.check(message, raw.subarray(at), keys, { purpose: "tag" });
        const known = status === "EXPKEYSIG";
        // gpg takes SHA-1 and we do not: the one difference.
        const weak = facts?.outcome === "cannot-judge" && facts.code === "KEY_WEAK";
        const agrees = known
          ? weak ||
            (facts?.outcome === "good" &&
              facts.fingerprint === fingerprint.toLowerCase() &&
              Number(facts.claimedTime) === Number(seconds) * 1000 &&
              facts.validity?.until !== undefined)
          : facts?.outcome === "cannot-judge";
        counts[facts?.code ?? facts?.outcome ?? "none"] =
          (counts[facts?.code ?? facts?.outcome ?? "none"] ?? 0) + 1;
        if (!agrees) differences.push({ line, facts });
      }
      expect(differences).toEqual([]);
      expect(counts).toEqual({ good: 82, KEY_WEAK: 50, KEY_UNKNOWN: 72 });
    });
  },
);
