/** ID tokens: whose they are, and whether they hold. */
import { goQuote } from '@k/apimachinery';
import { decodeProtectedHeader } from 'jose';
import type { IssuerKeySet } from './key-set.js';

/** Claims as they stand in the token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Algorithms that signatures may be of: all with a public key. */
export const SIGNING_ALGORITHMS: readonly string[] = [...['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']];

/** What a token has to be. */
export interface IdTokenRules {
  /** One of them has to be among the token's. */
  audiences: readonly string[];
  algorithms: readonly string[];
  keys: IssuerKeySet;
  /** Milliseconds since the epoch. */
  now: () => number;
}

const NOT_BEFORE_LEEWAY_MS = 60_000;

/** A list as Go prints it with `%q`. */
const quotedList = (list: readonly string[]): string => `[${list.map(goQuote).join(' ')}]`;

/** The issuer that a token names, before anything in it can be trusted; null when it is no JWT. */
export function untrustedIssuer(token: string): string | null {
  const payload = untrustedPayload(token);
  const issuer = payload === null ? undefined : parseClaims(payload)?.['iss'];
  if (issuer === undefined || issuer === null) return payload === null ? null : '';
  // Google has named itself without a scheme.
  return issuer === 'accounts.google.com' ? 'https://accounts.google.com' : typeof issuer === 'string' ? issuer : null;
}

/**
 * Checks a token of the right issuer: audience and times first, as they cost nothing, then the signature.
 *
 * @returns Its claims.
 * @throws {Error} in the words of kube-apiserver's library; never with the token.
 */
export async function verifyIdToken(token: string, { audiences, algorithms, keys, now }: IdTokenRules): Promise<Claims> {
  const payload = untrustedPayload(token);
  const claims = payload === null ? null : parseClaims(payload);
  if (payload === null || claims === null) throw new Error('oidc: malformed jwt');
  const own = audiencesOf(claims['aud']);
  const [audience = ''] = audiences;
  if (audiences.length === 1 && !own.includes(audience)) {
    throw new Error(`oidc: expected audience ${goQuote(audience)} got ${quotedList(own)}`);
  }
  checkTimes(claims, now());
  const algorithm = algorithmOf(token);
  if (!algorithms.includes(algorithm)) {
    const expected = `expected ${quotedList(algorithms)} got ${goQuote(algorithm)}`;
    throw new Error(`oidc: id token signed with unsupported algorithm, ${expected}`);
  }
  const signed = await keys.verify(token, algorithms).catch((error: Error) => {
    throw new Error(`failed to verify signature: ${error.message}`);
  });
  if (!payload.equals(signed)) throw new Error('oidc: internal error, payload parsed did not match previous payload');
  if (!audiences.some((one) => own.includes(one))) {
    throw new Error(`oidc: expected audience in ${quotedList([...audiences].sort())} got ${quotedList(own)}`);
  }
  return claims;
}

/** Seconds since the epoch at which a token ends. */
export function expiryOf(claims: Claims): number {
  return secondsOf(claims, 'exp') ?? 0;
}

function checkTimes(claims: Claims, nowMs: number): void {
  const expiry = secondsOf(claims, 'exp');
  if (expiry === undefined) throw new Error('oidc: token is expired (Token Expiry: 0001-01-01 00:00:00 +0000 UTC)');
  if (expiry * 1000 < nowMs) throw new Error(`oidc: token is expired (Token Expiry: ${goTime(expiry * 1000)})`);
  const notBefore = secondsOf(claims, 'nbf');
  if (notBefore !== undefined && nowMs + NOT_BEFORE_LEEWAY_MS < notBefore * 1000) {
    throw new Error(`oidc: current time ${goTime(nowMs)} before the nbf (not before) time: ${goTime(notBefore * 1000)}`);
  }
}

function secondsOf(claims: Claims, name: string): number | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw new Error(`oidc: failed to unmarshal claims: ${name} is no number`);
  return Math.trunc(value);
}

function audiencesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new Error('oidc: failed to unmarshal claims: aud is neither a string nor a list of strings');
}

/** A time as Go prints it; years that JavaScript cannot show are given in seconds. */
function goTime(ms: number): string {
  const time = new Date(ms);
  if (Number.isNaN(time.getTime())) return `${ms / 1000}`;
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

function algorithmOf(token: string): string {
  try {
    return String(decodeProtectedHeader(token).alg ?? '');
  } catch {
    throw new Error('oidc: malformed jwt');
  }
}

function untrustedPayload(token: string): Buffer | null {
  const parts = token.split('.');
  const [, payload = ''] = parts;
  return parts.length === 3 && /^[\w-]+$/.test(payload) ? Buffer.from(payload, 'base64url') : null;
}

function parseClaims(payload: Buffer): Claims | null {
  try {
    const claims: unknown = JSON.parse(payload.toString('utf8'));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? (claims as Claims) : null;
  } catch {
    return null;
  }
}
