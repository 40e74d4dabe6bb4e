/** @countersign/forge-directory: releases in a directory, or on the web server that serves it. */

export { directoryForge } from "./directory-forge.ts";
export type { DirectoryFs } from "./disk.ts";
export { webForge } from "./web-forge.ts";
