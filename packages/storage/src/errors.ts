/** Codes of {@link StorageError} and the data each carries. */
export interface StorageErrorData {
  /** The revision asked for was compacted. */
  STORAGE_COMPACTED: { requestedRevision: number; compactRevision: number };
  /** The revision asked for lies in the future. */
  STORAGE_FUTURE_REVISION: { requestedRevision: number; currentRevision: number };
  /**
   * The engine cannot be reached or does not answer; a write may or may not have happened. `timedOut`: all the time of
   * the request was used up waiting.
   */
  STORAGE_UNAVAILABLE: { operation: string; timedOut?: boolean };
  /** The value is over the engine's limit. */
  STORAGE_TOO_LARGE: { sizeBytes: number };
  /** The disk is full; nothing was written. */
  STORAGE_FULL: { path: string };
  /** A stored value cannot be read (bad file, failed decryption); `reason` is the decoder's own text, never plaintext. */
  STORAGE_CORRUPT: { key: string; reason?: string };
  /** Another process holds the data folder. */
  STORAGE_LOCKED: { path: string };
  /** The file is no snapshot, or a damaged one. */
  STORAGE_SNAPSHOT_INVALID: { path: string; reason: string };
  /** A restore would replace what is there; `count` keys. */
  STORAGE_NOT_EMPTY: { count: number };
  /** The store was closed. */
  STORAGE_CLOSED: Record<string, never>;
}

/** Every error that the storage package throws. */
export class StorageError<Code extends keyof StorageErrorData = keyof StorageErrorData> extends Error {
  override readonly name = 'StorageError';
  readonly code: Code;
  readonly data: StorageErrorData[Code];

  constructor(code: Code, message: string, data: StorageErrorData[Code], options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.data = data;
  }

  /** True for an error of this package (any installed copy) with that code. */
  static is<Code extends keyof StorageErrorData>(error: unknown, code: Code): error is StorageError<Code> {
    return error instanceof Error && error.name === 'StorageError' && (error as { code?: unknown }).code === code;
  }
}
