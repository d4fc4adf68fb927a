/**
 * Service account tokens: issued for TokenRequest, verified on each request.
 */
import { createHash, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { decodeProtectedHeader, errors, exportJWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { AuthenticationResult, Authenticator } from '../interface.js';
import { bearerToken } from './token-file.js';

/** An object that a token is bound to. */
export interface BoundObject {
  name: string;
  uid: string;
}

/** The `kubernetes.io` claim. */
export interface KubernetesClaim {
  namespace: string;
  serviceaccount: BoundObject;
  pod?: BoundObject;
  secret?: BoundObject;
  node?: { name: string; uid?: string };
  warnafter?: number;
  /** True for a token of a Secret (`kubernetes.io/service-account-token`), which never expires. */
  legacy?: boolean;
}

/** The issuer of tokens that lie in Secrets. */
export const LEGACY_ISSUER = 'kubernetes/serviceaccount';
const LEGACY = 'kubernetes.io/serviceaccount';

/** The id of a key as kube-apiserver derives it: base64url of the SHA-256 of its DER form. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

/** Signs tokens. */
export interface ServiceAccountIssuer {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Of signatures, `RS256` or `ES256`. */
  readonly algorithm: string;
  /** @returns The compact JWT, its expiry in seconds since the epoch, and its id. */
  issue(options: {
    namespace: string;
    name: string;
    uid: string;
    audiences: readonly string[];
    expirationSeconds: number;
    bound?: { pod?: BoundObject; secret?: BoundObject; node?: { name: string; uid?: string } };
    warnAfterSeconds?: number;
  }): Promise<{ token: string; expiresAt: number; tokenId: string }>;
  /** A token without expiry for a Secret, in the older flat form. */
  issueLegacy(options: { namespace: string; name: string; uid: string; secretName: string }): Promise<string>;
  /** The JSON Web Key Set of the verification keys. */
  jwks(): Promise<object>;
}

/** Makes an issuer. */
export function createServiceAccountIssuer(options: {
  issuer: string;
  audiences: readonly string[];
  signingKey: KeyObject;
}): ServiceAccountIssuer {
  const publicKey = createPublicKey(options.signingKey);
  const kid = keyId(publicKey);
  const alg = publicKey.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256';
  return {
    issuer: options.issuer,
    audiences: options.audiences,
    algorithm: alg,
    async issue(request) {
      const now = Math.floor(Date.now() / 1000);
      const expiresAt = now + request.expirationSeconds;
      const tokenId = randomUUID();
      const claim: KubernetesClaim = {
        namespace: request.namespace,
        ...(request.bound?.node ? { node: request.bound.node } : {}),
        ...(request.bound?.pod ? { pod: request.bound.pod } : {}),
        ...(request.bound?.secret ? { secret: request.bound.secret } : {}),
        serviceaccount: { name: request.name, uid: request.uid },
        ...(request.warnAfterSeconds === undefined ? {} : { warnafter: now + request.warnAfterSeconds }),
      };
      const token = await new SignJWT({ 'kubernetes.io': claim } as unknown as JWTPayload)
        .setProtectedHeader({ alg, kid })
        .setAudience([...request.audiences])
        .setExpirationTime(expiresAt)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setIssuer(options.issuer)
        .setJti(tokenId)
        .setSubject(`system:serviceaccount:${request.namespace}:${request.name}`)
        .sign(options.signingKey);
      return { token, expiresAt, tokenId };
    },
    issueLegacy(request) {
      return new SignJWT({
        [`${LEGACY}/namespace`]: request.namespace,
        [`${LEGACY}/secret.name`]: request.secretName,
        [`${LEGACY}/service-account.name`]: request.name,
        [`${LEGACY}/service-account.uid`]: request.uid,
      })
        .setProtectedHeader({ alg, kid })
        .setIssuer(LEGACY_ISSUER)
        .setSubject(`system:serviceaccount:${request.namespace}:${request.name}`)
        .sign(options.signingKey);
    },
    async jwks() {
      return { keys: [{ use: 'sig', ...(await exportJWK(publicKey)), kid, alg }] };
    },
  };
}

/** How service account tokens are checked. */
export interface ServiceAccountAuthenticatorOptions {
  issuers: readonly string[];
  audiences: readonly string[];
  keys: readonly KeyObject[];
  /**
   * Resolves when account and bound object still exist with the same uids.
   *
   * @throws {Error} with the reason otherwise.
   */
  checkBound: (claim: KubernetesClaim) => void | Promise<void>;
}

/** Verified tokens kept, so that the signature is checked once. */
const CACHE_MAX = 4096;
const ALGORITHMS = ['RS256', 'ES256', 'ES384', 'ES512'];

/** Verifies tokens that carry one of the issuers; tokens of others are not ours. */
export function createServiceAccountAuthenticator(
  options: ServiceAccountAuthenticatorOptions,
): Authenticator & { verify(token: string, audiences: readonly string[]): Promise<AuthenticationResult | null> } {
  const keys = new Map(options.keys.map((key) => [keyId(key), key]));
  const cache = new Map<string, JWTPayload>();
  const verify = async (token: string, audiences: readonly string[]): Promise<AuthenticationResult | null> => {
    const payload = await verified(token);
    if (payload === null) return null;
    const now = Date.now() / 1000;
    if (payload.exp !== undefined && payload.exp <= now) throw new Error('service account token has expired');
    const claim = payload.iss === LEGACY_ISSUER ? legacyClaim(payload) : (payload['kubernetes.io'] as KubernetesClaim | undefined);
    const own = claim?.legacy === true ? options.audiences : [payload.aud ?? []].flat();
    const granted = own.filter((audience) => audiences.includes(audience));
    if (granted.length === 0) throw new Error(`token audiences ${goList(own)} is invalid for the target audiences ${goList(audiences)}`);
    if (claim?.serviceaccount === undefined) throw new Error('service account token lacks its claims');
    await options.checkBound(claim);
    const extra: Record<string, string[]> = {};
    if (claim.pod) {
      extra['authentication.kubernetes.io/pod-name'] = [claim.pod.name];
      extra['authentication.kubernetes.io/pod-uid'] = [claim.pod.uid];
    }
    if (claim.node) {
      extra['authentication.kubernetes.io/node-name'] = [claim.node.name];
      if (claim.node.uid) extra['authentication.kubernetes.io/node-uid'] = [claim.node.uid];
    }
    if (payload.jti !== undefined) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${payload.jti}`];
    const { namespace, serviceaccount } = claim;
    return {
      user: {
        username: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
        uid: serviceaccount.uid,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
        ...(Object.keys(extra).length > 0 ? { extra } : {}),
      },
      audiences: granted,
    };
  };
  const verified = async (token: string): Promise<JWTPayload | null> => {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = cache.get(digest);
    if (known !== undefined) return known;
    const claims = unverifiedPayload(token);
    if (claims === null || (claims.iss !== LEGACY_ISSUER && !options.issuers.includes(String(claims.iss)))) return null;
    const payload = await verifiedByAny(token, candidates(token));
    if (cache.size >= CACHE_MAX) cache.delete(cache.keys().next().value as string);
    cache.set(digest, payload);
    return payload;
  };
  /** The key that the token names, or all: older tokens name none, and names may have been made otherwise. */
  const candidates = (token: string): readonly KeyObject[] => {
    const named = keys.get(unverifiedKeyId(token) ?? '');
    return named === undefined ? options.keys : [named];
  };
  return {
    name: 'service-account',
    verify,
    authenticateToken: verify,
    async authenticate(request) {
      const token = bearerToken(request);
      return token === null ? null : verify(token, options.audiences);
    },
  };
}

/** The first key that the signature is of decides, also about the times in the token. */
async function verifiedByAny(token: string, keys: readonly KeyObject[]): Promise<JWTPayload> {
  let cause: unknown = new Error('no key to verify service account tokens');
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, { algorithms: ALGORITHMS })).payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new Error('service account token has expired');
      if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf')
        throw new Error('service account token is not valid yet');
      cause = error;
    }
  }
  throw new Error('service account token cannot be verified', { cause });
}

/** A list as Go prints it with `%q`. */
function goList(list: readonly string[]): string {
  return `[${list.map((item) => JSON.stringify(item)).join(' ')}]`;
}

function legacyClaim(payload: JWTPayload): KubernetesClaim | undefined {
  const text = (name: string): string => String(payload[`${LEGACY}/${name}`] ?? '');
  if (text('namespace') === '' || text('service-account.name') === '' || text('secret.name') === '') return undefined;
  return {
    namespace: text('namespace'),
    serviceaccount: { name: text('service-account.name'), uid: text('service-account.uid') },
    secret: { name: text('secret.name'), uid: '' },
    legacy: true,
  };
}

/** The payload of a compact JWT, to tell whose it is; nothing in it is trusted yet. */
function unverifiedPayload(token: string): JWTPayload | null {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  try {
    return JSON.parse(Buffer.from(parts[1] as string, 'base64url').toString('utf8')) as JWTPayload;
  } catch {
    return null;
  }
}

function unverifiedKeyId(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    return undefined;
  }
}
