/** Bytes that can be read again and whose size is known: a file, a blob, a buffer. */

export interface ReadOptions {
  /** First byte to read; 0 ≤ start ≤ size. */
  readonly start?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Source {
  /** A file name, without directories. Unchecked: formats check it before it reaches a path. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Reads from the first byte each time. Errors when the file is found to have another size than `size`. */
  open(options?: ReadOptions): ReadableStream<Uint8Array>;
  /**
   * SHA-256 (32 bytes) of all bytes, by the platform's fastest way. Left out: the bytes of `open` are hashed.
   * @throws FILE_CHANGED — the size is no longer `size`
   */
  sha256?(options?: {
    readonly signal?: AbortSignal | undefined;
    readonly onBytes?: (count: number) => void;
  }): Promise<Uint8Array>;
}

/** Where `get` puts a file: a partial one that gets its final name only when core says that it is verified. */
export interface Sink {
  /** Size in bytes of what an earlier, interrupted run left for `name`; 0 where there is nothing. */
  partial(name: string): Promise<number>;
  /** The bytes of that partial file, to be hashed again before it is continued. */
  readPartial(name: string): ReadableStream<Uint8Array>;
  /** Writes on from byte `start` (0: anew). The stream is flushed to disk when it closes. */
  write(name: string, start: number): Promise<WritableStream<Uint8Array>>;
  /** Gives the verified file its final name, in one step. Never replaces other bytes (FILE_EXISTS). */
  commit(name: string): Promise<void>;
  /** Removes the partial file. */
  discard(name: string): Promise<void>;
  /** The file of this final name, if there is one from an earlier run. */
  existing(name: string): Promise<Source | undefined>;
}
