/** A transparency log: an append-only list of records that nobody can rewrite quietly. */

/** Offline evidence for one record, as text: c2sp.org/tlog-proof. */
export type ProofText = string;

export interface LogWriter {
  /** Origin line of the log. */
  readonly origin: string;
  /** The log's verifier key in C2SP form: `name+hex+base64`. */
  readonly verifierKey: string;
  /**
   * Durable before it returns. Idempotent: the same bytes are recorded once and give a proof of their first entry.
   * @param record at most 65,535 bytes
   * @throws LOG_LOCKED · LOG_MALFORMED · LOG_UNAVAILABLE
   */
  append(record: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<ProofText>;
}

export interface LogReader {
  /** The log's newest checkpoint, as bytes of a signed note. Unverified. */
  checkpoint(options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array>;
  /** Entries `from` (inclusive) to `to` (exclusive), in order, each checked against the tree of `to` or later. */
  entries(
    from: number,
    to: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<Uint8Array>;
}
