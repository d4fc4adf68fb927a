import { newBadRequest } from '@k/apimachinery';

/** What a continue token says: where the previous page ended, and at which revision it was read. */
export interface ContinueToken {
  /** Key without the resource's prefix: `namespace/name` or `name`. */
  startAfter: string;
  /** -1 = go on at the present state (after the first token had expired). */
  revision: number;
}

/** Encodes a token as kube-apiserver does: base64url of `{"v":"meta.k8s.io/v1","rv":…,"start":"key\u0000"}`. */
export function encodeContinue(token: ContinueToken): string {
  const json = JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.revision, start: `${token.startAfter}\u0000` });
  return Buffer.from(json, 'utf8').toString('base64url');
}

/** @throws 400 when the token was not made by an API server. */
export function decodeContinue(text: string): ContinueToken {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw newBadRequest('continue key is not valid: illegal base64 or JSON');
  }
  const { v, rv, start } = (value ?? {}) as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== 'meta.k8s.io/v1')
    throw newBadRequest(`continue key is not valid: server does not recognize this encoded version ${JSON.stringify(v ?? '')}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw newBadRequest('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (typeof start !== 'string' || start === '') {
    throw newBadRequest('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  }
  if (start.split('/').includes('..')) throw newBadRequest(`continue key is not valid: invalid path for ${JSON.stringify(start)}`);
  return { startAfter: start.replace(/\u0000$/, ''), revision: rv };
}
