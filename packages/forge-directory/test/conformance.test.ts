import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpClient, type Transport } from "@countersign/core";
import { type ForgeFixture, forgeCases } from "@countersign/testkit";
import { describe, test } from "vitest";
import { directoryForge, webForge } from "../src/index.ts";
import { serveDirectory } from "./web-server.ts";

const makeDirectory = async (): Promise<ForgeFixture> => {
  const root = await mkdtemp(join(tmpdir(), "conformance-"));
  return {
    forge: directoryForge(),
    place: { forge: "directory", base: `directory:${root}` },
    locator: (version) => `directory:${root}${version === undefined ? "" : `@${version}`}`,
    malformed: ["directory:", "directory:@1.0", "directory:/srv@..", "directory:/srv@-x"],
    close: () => rm(root, { recursive: true }),
  };
};

/** Node's own fetch is enough here: nothing that it would decode is served. */
const transport: Transport = async ({ url, headers, signal }) => {
  const response = await fetch(url, { headers, redirect: "manual", ...(signal && { signal }) });
  const body = response.body ?? new Blob([]).stream();
  return { status: response.status, headers: Object.fromEntries(response.headers), body };
};

const makeWeb = async (): Promise<ForgeFixture> => {
  const { place, close } = await makeDirectory();
  const forge = directoryForge();
  const server = createServer(serveDirectory(place.base.slice("directory:".length)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    forge: webForge({ client: httpClient({ transport }) }),
    place: { forge: "web", base },
    locator: (version) => `${base}${version === undefined ? "" : `@${version}`}`,
    malformed: ["http://u:p@host/", "https://host/a?b", "https://host/@.."],
    async seed(version, files) {
      for (const file of files) await forge.stage({ ...place, version }, file);
      await forge.publish({ ...place, version });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await close?.();
    },
  };
};

describe("directoryForge keeps the contract", () => {
  for (const one of forgeCases({ make: makeDirectory })) test(one.name, () => one.run());
});

describe("webForge keeps the contract", () => {
  for (const one of forgeCases({ make: makeWeb }))
    test.skipIf(one.needs?.includes("write"))(
      one.needs?.includes("write") ? `${one.name} (read only)` : one.name,
      () => one.run(),
    );
});
