import { primitives } from '#primitives';

const KEY_ID_BYTES_MAX = 1024;

/** Lower-case hex. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** `sha256:<hex>` of a key id, which may itself be confidential; '' for ''. */
export function keyIdHash(keyId: string): string {
  return keyId === '' ? '' : `sha256:${hex(primitives.sha256(new TextEncoder().encode(keyId)))}`;
}

/** Why a key id cannot be used; `null` when it can. `code` is the label that upstream's metric has for it. */
export function keyIdFault(keyId: string): { code: 'empty' | 'too_long'; message: string } | null {
  const bytes = new TextEncoder().encode(keyId).length;
  if (bytes === 0) return { code: 'empty', message: 'keyID is empty' };
  if (bytes <= KEY_ID_BYTES_MAX) return null;
  return { code: 'too_long', message: `keyID is ${bytes} bytes, which exceeds the max size of ${KEY_ID_BYTES_MAX}` };
}
