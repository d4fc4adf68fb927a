/**
 * Chooses a transformer by the text that a stored value begins with. Writes go to the first entry; reads to every
 * entry whose prefix fits, in order, until one can read the value.
 */
import { aggregate, TransformError } from './errors.js';
import { concat, startsWith, type Transformer, type TransformResult } from './transformer.js';

/** A transformer and the prefix of what it writes, e.g. `k8s:enc:aesgcm:v1:` or `key1:`; '' takes anything. */
export interface PrefixEntry {
  prefix: string;
  transformer: Transformer;
}

/** Hears of each use of an entry, for metrics. Values that '' could not take are not told. */
export type TransformObserver = (use: {
  direction: 'from_storage' | 'to_storage';
  /** The prefix that fitted; `identity` for '' and `unknown` for none, on reads. */
  prefix: string;
  seconds: number;
  error?: unknown;
}) => void;

/** How {@link prefixTransformer} reports. */
export interface PrefixTransformerOptions {
  observe?: TransformObserver | undefined;
  /** The provider that a value which fits no entry belongs to, for its error. Default ''. */
  provider?: string;
}

const NONE: readonly TransformError[] = [];

/** Makes a transformer over several; `notFound` is the message for a value that no entry's prefix fits. */
export function prefixTransformer(
  entries: readonly PrefixEntry[],
  notFound: string,
  { observe, provider = '' }: PrefixTransformerOptions = {},
): Transformer {
  const encoder = new TextEncoder();
  const prepared = entries.map(({ prefix, transformer }) => ({ prefix, bytes: encoder.encode(prefix), transformer }));
  const first = prepared[0];
  if (first === undefined) throw new RangeError('a prefix transformer needs at least one entry');
  const now = observe === undefined ? () => 0 : () => performance.now();

  const report = (direction: 'from_storage' | 'to_storage', prefix: string, startedMs: number, error?: unknown): void =>
    observe?.({ direction, prefix, seconds: (now() - startedMs) / 1000, ...(error === undefined ? {} : { error }) });

  const succeed = (i: number, startedMs: number, result: TransformResult): TransformResult => {
    const { prefix } = prepared[i] as (typeof prepared)[number];
    if (observe !== undefined) report('from_storage', prefix === '' ? 'identity' : prefix, startedMs);
    return i === 0 ? result : { ...result, stale: true };
  };
  const remember = (i: number, startedMs: number, errors: readonly TransformError[], error: unknown): readonly TransformError[] => {
    const { prefix } = prepared[i] as (typeof prepared)[number];
    // What a cipher wrote is not for '' to read, and no fault of its: others may fit, or nothing does.
    if (prefix === '') return errors;
    report('from_storage', prefix, startedMs, error);
    return [...errors, error instanceof TransformError ? error : new TransformError(messageOf(error), provider, '', { cause: error })];
  };

  const read = (
    data: Uint8Array,
    authenticated: Uint8Array,
    startedMs: number,
    from: number,
    before: readonly TransformError[],
  ): TransformResult | Promise<TransformResult> => {
    let errors = before;
    for (let i = from; i < prepared.length; i++) {
      const { bytes, transformer } = prepared[i] as (typeof prepared)[number];
      if (!startsWith(data, bytes)) continue;
      // A prefix that fits is no proof: names may repeat and keys may have changed, so a failure must not end the search.
      try {
        const result = transformer.decrypt(bytes.length === 0 ? data : data.subarray(bytes.length), authenticated);
        if (!(result instanceof Promise)) return succeed(i, startedMs, result);
        const soFar = errors;
        return result.then(
          (late) => succeed(i, startedMs, late),
          (error: unknown) => read(data, authenticated, startedMs, i + 1, remember(i, startedMs, soFar, error)),
        );
      } catch (error) {
        errors = remember(i, startedMs, errors, error);
      }
    }
    return giveUp(errors, startedMs);
  };

  const giveUp = (errors: readonly TransformError[], startedMs: number): never => {
    const [only] = errors;
    if (only === undefined) {
      const error = new TransformError(notFound, provider);
      report('from_storage', 'unknown', startedMs, error);
      throw error;
    }
    if (errors.length === 1) throw only;
    throw new TransformError(aggregate(errors.map(({ message }) => message)), only.provider, only.keyName, { cause: errors });
  };

  const write = (data: Uint8Array, authenticated: Uint8Array, outer?: Uint8Array): Uint8Array | Promise<Uint8Array> => {
    const startedMs = now();
    const { bytes, prefix, transformer } = first;
    const head = outer === undefined ? bytes : concat(outer, bytes);
    const done = (stored: Uint8Array): Uint8Array => {
      report('to_storage', prefix, startedMs);
      return stored;
    };
    const join = (body: Uint8Array): Uint8Array => done(head.length === 0 ? body : concat(head, body));
    const fail = (error: unknown): never => {
      report('to_storage', prefix, startedMs, error);
      throw error;
    };
    try {
      if (transformer.encryptAfter !== undefined && head.length > 0) {
        const stored = transformer.encryptAfter(head, data, authenticated);
        return stored instanceof Promise ? stored.then(done, fail) : done(stored);
      }
      const body = transformer.encrypt(data, authenticated);
      return body instanceof Promise ? body.then(join, fail) : join(body);
    } catch (error) {
      return fail(error);
    }
  };

  return {
    encrypt: (data, authenticated) => write(data, authenticated),
    encryptAfter: (head, data, authenticated) => write(data, authenticated, head),
    decrypt: (data, authenticated) => read(data, authenticated, now(), 0, NONE),
    close() {
      for (const { transformer } of prepared) transformer.close?.();
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
