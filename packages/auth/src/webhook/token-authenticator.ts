/** Bearer tokens that a remote service knows. */
import { hash } from 'node:crypto';
import { bearerToken } from '../authenticators/token-file.js';
import type { AuthenticationResult, Authenticator, UserInfo } from '../interface.js';
import { ExpiringCache } from './expiring-cache.js';
import type { ReviewClient } from './review-client.js';

/** Whom the authenticator asks and how long it remembers. */
export interface WebhookTokenAuthenticatorOptions {
  client: ReviewClient;
  /** Of the TokenReview that is sent and expected. */
  version: 'v1' | 'v1beta1';
  /** The server's own: what tokens have to be meant for, and what those without any are meant for. */
  audiences: readonly string[];
  /** Milliseconds that an answer is remembered; 0 = not. Default 120,000. */
  cacheTtlMs?: number;
  /** Hears of failures. */
  onError?: (error: Error) => void;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
}

const ANSWERS_MAX = 4096;

/** Makes the authenticator. It is asked last: every token that nobody else knows goes to the service. */
export function createWebhookTokenAuthenticator(options: WebhookTokenAuthenticatorOptions): Authenticator {
  const { client, version, audiences: own, cacheTtlMs = 120_000, onError } = options;
  const answers = new ExpiringCache<AuthenticationResult | 'unknown'>(ANSWERS_MAX, options.now ?? Date.now);
  const running = new Map<string, Promise<AuthenticationResult | null>>();
  const review = async (token: string, audiences: readonly string[], key: string): Promise<AuthenticationResult | null> => {
    const spec = { token, ...(audiences.length === 0 ? {} : { audiences }) };
    const sent = { kind: 'TokenReview', apiVersion: `authentication.k8s.io/${version}`, metadata: {}, spec, status: { user: {} } };
    let result: AuthenticationResult | null;
    try {
      result = resultOf(await client.post(sent), audiences, own);
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error));
      if (!(fault instanceof RefusedToken)) onError?.(fault);
      throw fault;
    }
    answers.set(key, result ?? 'unknown', cacheTtlMs);
    return result;
  };
  const authenticateToken = (
    token: string,
    audiences: readonly string[],
  ): AuthenticationResult | null | Promise<AuthenticationResult | null> => {
    // Tokens are not kept: their digests tell them apart.
    const key = hash('sha256', JSON.stringify([token, audiences]));
    const known = answers.get(key);
    if (known !== undefined) return known === 'unknown' ? null : known;
    let pending = running.get(key);
    if (pending === undefined) {
      pending = review(token, audiences, key).finally(() => running.delete(key));
      running.set(key, pending);
    }
    return pending;
  };
  return {
    name: 'webhook',
    authenticate(request) {
      const token = bearerToken(request);
      return token === null ? null : authenticateToken(token, own);
    },
    authenticateToken,
  };
}

/** The service says why a token is not good. */
class RefusedToken extends Error {}

function strings(value: unknown, field: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new Error(`the answer's ${field} is no list of strings`);
  return value;
}

/** Null when the service does not know the token, or it is meant for others. @throws when it is refused or the answer is malformed. */
function resultOf(
  { status: given }: Record<string, unknown>,
  wanted: readonly string[],
  own: readonly string[],
): AuthenticationResult | null {
  const status = (given ?? {}) as { authenticated?: unknown; error?: unknown; audiences?: unknown; user?: Record<string, unknown> };
  const said = strings(status.audiences, 'status.audiences');
  const audiences = wanted.filter((audience) => (said.length > 0 ? said : own).includes(audience));
  if (wanted.length > 0 && audiences.length === 0) return null;
  if (status.authenticated !== true) {
    if (typeof status.error === 'string' && status.error !== '') throw new RefusedToken(status.error);
    return null;
  }
  const { username = '', uid = '', groups, extra = {} } = status.user ?? {};
  if (typeof username !== 'string') throw new Error("the answer's status.user.username is no string");
  if (typeof uid !== 'string') throw new Error("the answer's status.user.uid is no string");
  const user: UserInfo = { username, groups: strings(groups, 'status.user.groups'), ...(uid === '' ? {} : { uid }) };
  const entries = Object.entries((extra ?? {}) as Record<string, unknown>);
  if (entries.length > 0)
    user.extra = Object.fromEntries(entries.map(([key, value]) => [key, strings(value, `status.user.extra[${key}]`)]));
  return { user, ...(audiences.length === 0 ? {} : { audiences }) };
}
