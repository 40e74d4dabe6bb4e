/** A plain static web server with ranges, as any host has one. */

import { createReadStream, statSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";

export function serveDirectory(root: string): RequestListener {
  return (request, response) => {
    const path = join(root, decodeURIComponent(new URL(request.url ?? "/", "http://host").pathname));
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) return response.writeHead(404).end("not found");
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (start > 0 && start >= stat.size)
      return response.writeHead(416, { "content-range": `bytes */${stat.size}` }).end();
    if (start > 0) response.setHeader("content-range", `bytes ${start}-${stat.size - 1}/${stat.size}`);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": stat.size - start });
    return createReadStream(path, { start }).pipe(response);
  };
}
