/** What the beginning of a stored value tells, without any key. */
import { startsWith } from './transformer.js';

/** Who wrote a value, by its own account: nothing here is authenticated. */
export interface StoredHeader {
  /** `identity` for a value in clear text, `unknown` for a prefix of nobody we know. */
  provider: 'aesgcm' | 'aescbc' | 'secretbox' | 'kms' | 'identity' | 'unknown';
  /** The name of the key or of the KMS provider; '' when there is none. */
  keyName: string;
  /** `v1` or `v2` of a KMS provider. */
  apiVersion?: string;
  /** Where the payload begins. */
  payloadIndex: number;
}

const ENCRYPTED = new TextEncoder().encode('k8s:enc:');
/** Longest header that is looked at; names of keys have no limit of their own. */
const HEADER_BYTES_MAX = 4096;
const KEYED = /^k8s:enc:(aesgcm|aescbc|secretbox):v1:([^:]*):/;
const KMS = /^k8s:enc:kms:(v1|v2):([^:]*):/;

/** Reads the header of a stored value. */
export function inspectStoredValue(data: Uint8Array): StoredHeader {
  if (!startsWith(data, ENCRYPTED)) return { provider: 'identity', keyName: '', payloadIndex: 0 };
  // One character per byte, so that positions in the text are positions in the data.
  const head = new TextDecoder('latin1').decode(data.subarray(0, HEADER_BYTES_MAX));
  const keyed = KEYED.exec(head);
  if (keyed !== null) {
    return { provider: keyed[1] as 'aesgcm', keyName: utf8(keyed[2] as string), payloadIndex: keyed[0].length };
  }
  const kms = KMS.exec(head);
  if (kms !== null) {
    return { provider: 'kms', apiVersion: kms[1] as string, keyName: utf8(kms[2] as string), payloadIndex: kms[0].length };
  }
  return { provider: 'unknown', keyName: '', payloadIndex: 0 };
}

/** latin1 is windows-1252 to the decoder: go back through the bytes only when there is something to lose. */
function utf8(text: string): string {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return '(not ASCII)';
  return text;
}
