/** @countersign/log-tiles: a C2SP tlog-tiles log as static files; writer, reader, check. */

export { checkLog, type LogReport } from "./check.ts";
export { initLog, type NewLog } from "./init.ts";
export type { FetchBytes, LogFiles, ReadOptions } from "./log-files.ts";
export { generateLogKey, type LogKey, parseLogKey, readLogKey, writeLogKey } from "./log-key.ts";
export { directoryLogReader, httpLogReader, type TilesLogReader } from "./reader.ts";
export { directoryLogWriter, type TilesLogWriter, type WriterOptions } from "./writer.ts";
