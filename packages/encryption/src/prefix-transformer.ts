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

/** Hears of each use of an entry, for metrics. */
export type TransformObserver = (use: {
  direction: 'from_storage' | 'to_storage';
  /** The prefix that fitted; `identity` for '' and `unknown` for none, on reads. */
  prefix: string;
  seconds: number;
  error?: unknown;
}) => void;

const now = (): number => performance.now();

/** Makes a transformer over several; `notFound` is the message for a value that no entry's prefix fits. */
export function prefixTransformer(entries: readonly PrefixEntry[], notFound: string, observe?: TransformObserver): Transformer {
  const encoder = new TextEncoder();
  const prepared = entries.map(({ prefix, transformer }) => ({ prefix, bytes: encoder.encode(prefix), transformer }));
  const first = prepared[0];
  if (first === undefined) throw new RangeError('a prefix transformer needs at least one entry');

  const isPromise = <T>(value: T | Promise<T>): value is Promise<T> => value instanceof Promise;

  const read = (
    data: Uint8Array,
    authenticated: Uint8Array,
    from: number,
    errors: TransformError[],
    started: number,
  ): TransformResult | Promise<TransformResult> => {
    for (let i = from; i < prepared.length; i++) {
      const entry = prepared[i] as (typeof prepared)[number];
      if (!startsWith(data, entry.bytes)) continue;
      const succeed = (result: TransformResult): TransformResult => {
        observe?.({
          direction: 'from_storage',
          prefix: entry.prefix === '' ? 'identity' : entry.prefix,
          seconds: (now() - started) / 1000,
        });
        return i === 0 ? result : { ...result, stale: true };
      };
      const remember = (error: unknown): void => {
        // What no cipher wrote is for the other entries to read.
        if (entry.prefix === '') return;
        observe?.({ direction: 'from_storage', prefix: entry.prefix, seconds: (now() - started) / 1000, error });
        errors.push(error instanceof TransformError ? error : new TransformError(error instanceof Error ? error.message : String(error)));
      };
      try {
        const result = entry.transformer.decrypt(data.subarray(entry.bytes.length), authenticated);
        if (!isPromise(result)) return succeed(result);
        return result.then(succeed, (error: unknown) => {
          remember(error);
          return read(data, authenticated, i + 1, errors, started);
        });
      } catch (error) {
        remember(error);
      }
    }
    const [only] = errors;
    if (only === undefined) {
      const error = new TransformError(notFound);
      observe?.({ direction: 'from_storage', prefix: 'unknown', seconds: (now() - started) / 1000, error });
      throw error;
    }
    if (errors.length === 1) throw only;
    throw new TransformError(aggregate(errors.map(({ message }) => message)), only.provider, only.keyName);
  };

  return {
    encrypt(data, authenticated) {
      const started = now();
      const finish = (body: Uint8Array): Uint8Array => {
        observe?.({ direction: 'to_storage', prefix: first.prefix, seconds: (now() - started) / 1000 });
        return first.bytes.length === 0 ? body : concat(first.bytes, body);
      };
      const fail = (error: unknown): never => {
        observe?.({ direction: 'to_storage', prefix: first.prefix, seconds: (now() - started) / 1000, error });
        throw error;
      };
      try {
        const body = first.transformer.encrypt(data, authenticated);
        return isPromise(body) ? body.then(finish, fail) : finish(body);
      } catch (error) {
        return fail(error);
      }
    },
    decrypt: (data, authenticated) => read(data, authenticated, 0, [], now()),
    close() {
      for (const { transformer } of prepared) transformer.close?.();
    },
  };
}
