import { primitives } from '#primitives';

/** Lengths in bytes. */
const LENGTHS: Readonly<Record<string, readonly number[]>> = { aesgcm: [16, 24, 32], aescbc: [16, 24, 32], secretbox: [32] };

/**
 * A fresh random key.
 *
 * @param options.bytes - Default 32.
 * @param options.provider - Answers a provider entry of a configuration instead of the bare base64.
 * @param options.name - Of the key in that entry. Default `key-` and the day.
 * @throws {RangeError} for lengths that the provider does not take.
 */
export function generateKey(options: { bytes?: number; provider?: string; name?: string; now?: () => number } = {}): string {
  const { bytes = 32, provider, now = Date.now } = options;
  const lengths = LENGTHS[provider ?? 'aesgcm'];
  if (lengths === undefined) throw new RangeError(`"provider" expected aesgcm, aescbc or secretbox, got ${JSON.stringify(provider)}`);
  if (!lengths.includes(bytes)) throw new RangeError(`"bytes" expected ${lengths.join(', ')}, got ${bytes}`);
  const secret = btoa(String.fromCharCode(...primitives.randomBytes(bytes)));
  if (provider === undefined) return `${secret}\n`;
  const name = options.name ?? `key-${new Date(now()).toISOString().slice(0, 10)}`;
  return `- ${provider}:\n    keys:\n      - name: ${JSON.stringify(name)}\n        secret: ${secret}\n`;
}
