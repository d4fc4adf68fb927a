import { primitives } from '#primitives';
import { concat } from '../transformer.js';
import { hex } from './key-id.js';

/** What names a seed in memory: everything that its decryption depends on. */
export function sourceKey(source: Uint8Array, keyId: string, annotations: Readonly<Record<string, Uint8Array>>, type: number): string {
  const encoder = new TextEncoder();
  const id = encoder.encode(keyId);
  const parts = [
    Uint8Array.of(type, source.length >> 8, source.length & 0xff),
    source,
    Uint8Array.of(id.length >> 8, id.length & 0xff),
    id,
  ];
  for (const name of Object.keys(annotations).sort()) {
    const value = annotations[name] as Uint8Array;
    parts.push(encoder.encode(JSON.stringify([name, value.length])), value);
  }
  return hex(primitives.sha256(concat(...parts)));
}
