import { newBadRequest, parseJson } from '@k/apimachinery';
import { jsonTypeName } from './json-type-name.js';

/** What a continue token says: where the previous page ended, and at which revision it was read. */
export interface ContinueToken {
  /** Key without the prefix of what was listed: `namespace/name`, or `name` within a namespace. */
  startAfter: string;
  /** -1 = go on at the present state (after the first token had expired). */
  revision: number;
}

/** Encodes a token as kube-apiserver does: base64url of `{"v":"meta.k8s.io/v1","rv":…,"start":"key\u0000"}`. */
export function encodeContinue(token: ContinueToken): string {
  const json = JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.revision, start: `${token.startAfter}\u0000` });
  return Buffer.from(json, 'utf8').toString('base64url');
}

function invalidToken(detail: string): Error {
  return newBadRequest(`invalid continue token: continue key is not valid: ${detail}`);
}

/** @throws 400 when the token was not made by an API server. */
export function decodeContinue(text: string): ContinueToken {
  const bad = /[^A-Za-z0-9_-]/.exec(text);
  if (bad !== null) throw invalidToken(`illegal base64 data at input byte ${bad.index}`);
  if (text.length % 4 === 1) throw invalidToken(`illegal base64 data at input byte ${text.length - 1}`);
  let value: unknown;
  try {
    ({ value } = parseJson(Buffer.from(text, 'base64url'), { strict: false }));
  } catch (error) {
    throw invalidToken((error as Error).message);
  }
  if ((value !== null && typeof value !== 'object') || Array.isArray(value)) {
    throw invalidToken(`json: cannot unmarshal ${jsonTypeName(value)} into Go value of type storage.continueToken`);
  }
  const { v = '', rv = 0, start = '' } = (value ?? {}) as { v?: unknown; rv?: unknown; start?: unknown };
  const wrong = [
    { field: 'v', found: v, type: 'string' },
    { field: 'rv', found: rv, type: 'int64' },
    { field: 'start', found: start, type: 'string' },
  ].find(({ found, type }) => (type === 'string' ? typeof found !== 'string' : !Number.isInteger(found)));
  if (wrong !== undefined) {
    const found = typeof wrong.found === 'number' ? `number ${wrong.found}` : jsonTypeName(wrong.found);
    throw invalidToken(`json: cannot unmarshal ${found} into Go struct field continueToken.${wrong.field} of type ${wrong.type}`);
  }
  if (v !== 'meta.k8s.io/v1') throw invalidToken(`server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (rv === 0) throw invalidToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw invalidToken('encoded start key empty (version meta.k8s.io/v1)');
  if (start.split('/').some((part) => part === '..' || part === '.')) throw invalidToken(start);
  return { startAfter: start.endsWith('\0') ? start.slice(0, -1) : start, revision: rv as number };
}
