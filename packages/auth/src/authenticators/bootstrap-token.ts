/** Tokens that machines join a cluster with: each is a Secret of `kube-system`. */
import { timingSafeEqual } from 'node:crypto';
import type { AuthenticationResult, Authenticator } from '../interface.js';
import { bearerToken } from './token-file.js';

/** What counts of a Secret. */
export interface BootstrapSecret {
  metadata: { deletionTimestamp?: string };
  type?: string;
  /** Base64. */
  data?: Readonly<Record<string, string>>;
}

const TYPE = 'bootstrap.kubernetes.io/token';
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const DEFAULT_GROUP = 'system:bootstrappers';
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Makes the authenticator.
 *
 * @param options.secret - The Secret of `kube-system` with a name; undefined when there is none.
 * @param options.onRefused - Hears why a token that has a Secret is not taken; never with the token.
 * @param options.now - Milliseconds since the epoch. Default `Date.now`.
 */
export function createBootstrapTokenAuthenticator(options: {
  secret: (name: string) => Promise<BootstrapSecret | undefined>;
  onRefused?: (message: string) => void;
  now?: () => number;
}): Authenticator {
  const { now = Date.now } = options;
  const find = async (id: string, part: string): Promise<AuthenticationResult | null> => {
    const name = `bootstrap-token-${id}`;
    const secret = await options.secret(name);
    if (secret === undefined) return null;
    const groups = groupsOf(secret, { id, part, nowMs: now() });
    if (typeof groups !== 'string') return { user: { username: `system:bootstrap:${id}`, groups } };
    options.onRefused?.(`Bootstrap secret kube-system/${name} matching bearer token ${groups}`);
    return null;
  };
  const authenticateToken = (token: string): null | Promise<AuthenticationResult | null> => {
    const [, id, part] = TOKEN.exec(token) ?? [];
    return id === undefined || part === undefined ? null : find(id, part);
  };
  return {
    name: 'bootstrap-token',
    authenticate(request) {
      const token = bearerToken(request);
      return token === null ? null : authenticateToken(token);
    },
    authenticateToken,
  };
}

/** The groups of whoever has the token, sorted; or, as text, why it is not taken. */
function groupsOf({ metadata, type, data }: BootstrapSecret, token: { id: string; part: string; nowMs: number }): string[] | string {
  const value = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
  if (metadata.deletionTimestamp !== undefined) return 'is deleted and awaiting removal';
  if (type !== TYPE || data === undefined) return `has invalid type, expected ${TYPE}`;
  const [known, given] = [Buffer.from(value('token-secret')), Buffer.from(token.part)];
  if (known.length !== given.length || !timingSafeEqual(known, given)) return 'has invalid value for key token-secret';
  if (value('token-id') !== token.id) return `has invalid value for key token-id, expected ${token.id}`;
  const expiration = value('expiration');
  // A time that nobody can read counts as over.
  if (expiration !== '' && !(RFC_3339.test(expiration) && Date.parse(expiration) > token.nowMs)) return 'has expired';
  const usage = 'usage-bootstrap-authentication';
  if (value(usage) !== 'true') return `not marked ${usage}=true`;
  const listed = value('auth-extra-groups');
  const extra = listed === '' ? [] : listed.split(',');
  const wrong = extra.find((group) => !GROUP.test(group));
  if (wrong !== undefined)
    return `has invalid value for key auth-extra-groups: bootstrap group ${JSON.stringify(wrong)} is invalid (must match ${GROUP.source})`;
  return [...new Set([DEFAULT_GROUP, ...extra])].sort();
}
