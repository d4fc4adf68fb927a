/** One issuer and what its tokens are good for. */
import { hash } from 'node:crypto';
import { goQuote } from '@k/apimachinery';
import type { AuthenticationResult } from '../interface.js';
import { ExpiringCache } from '../webhook/expiring-cache.js';
import { DistributedClaim } from './distributed-claims.js';
import { type Claims, expiryOf } from './id-token.js';
import { IssuerConnection } from './issuer-connection.js';
import { IssuerVerifier } from './issuer-verifier.js';
import { type UserMapping, userOf } from './user-mapping.js';

/** An issuer and how its tokens are taken. */
export interface JwtIssuerOptions extends UserMapping {
  /** What tokens name it by; `https`. */
  url: string;
  /** Where its discovery document is. Default below `url`. */
  discoveryUrl?: string;
  /** PEM of the authorities that its certificate may be of. Default those that Node knows. */
  certificateAuthority?: string;
  /** Tokens must be meant for one of them. */
  audiences: readonly string[];
  /** Default `['RS256']`. */
  signingAlgorithms?: readonly string[];
}

/** Milliseconds that a token is not looked into again. */
const REMEMBERED_MS = 10_000;
const TOKENS_MAX = 4096;

/** Takes tokens of one issuer, once that was found. */
export class JwtIssuer {
  readonly url: string;
  readonly #mapping: UserMapping;
  readonly #connection: IssuerConnection;
  readonly #verifier: IssuerVerifier;
  /** Groups may be elsewhere than in the token. */
  readonly #groups: DistributedClaim | undefined;
  readonly #now: () => number;
  readonly #known: ExpiringCache<AuthenticationResult>;

  /** Begins to look for it. @param options.onError - Hears of each time that it was not found. */
  constructor(issuer: JwtIssuerOptions, options: { onError: (error: Error) => void; now?: () => number }) {
    const { url, discoveryUrl, audiences, signingAlgorithms: algorithms = ['RS256'], groups } = issuer;
    const { onError, now = Date.now } = options;
    this.url = url;
    this.#mapping = issuer;
    this.#now = now;
    this.#known = new ExpiringCache(TOKENS_MAX, now);
    this.#connection = new IssuerConnection(issuer.certificateAuthority);
    const rules = { audiences, algorithms, now, onError };
    this.#verifier = new IssuerVerifier(this.#connection, { ...rules, url, discoveryUrl });
    if (groups !== undefined && 'claim' in groups) this.#groups = new DistributedClaim(groups.claim, this.#connection, rules);
  }

  /** Resolves when it was found. */
  get found(): Promise<void> {
    return this.#verifier.found;
  }

  /** Why it is not there; null when it is. */
  get fault(): Error | null {
    const { fault } = this.#verifier;
    return fault === null ? null : new Error(`oidc: authenticator for issuer ${goQuote(this.url)} is not healthy: ${fault.message}`);
  }

  /** What is known of a token whose verification is less than ten seconds ago; it has not ended. */
  remembered(token: string): AuthenticationResult | undefined {
    return this.#known.get(hash('sha256', token));
  }

  /**
   * Who holds a token that names this issuer.
   *
   * @throws {Error} when it does not hold, or the issuer was not found yet; never with the token.
   */
  async authenticate(token: string): Promise<AuthenticationResult> {
    if (this.#verifier.fault !== null) throw new Error('oidc: authenticator not initialized');
    let claims: Claims;
    try {
      claims = await this.#verifier.verify(token);
    } catch (error) {
      throw new Error(`oidc: verify token: ${(error as Error).message}`);
    }
    const expanded = (await this.#groups?.expand(claims)) ?? claims;
    const result = { user: await userOf(expanded, this.#mapping) };
    this.#known.set(hash('sha256', token), result, Math.min(REMEMBERED_MS, expiryOf(claims) * 1000 - this.#now()));
    return result;
  }

  /** Stops looking; ends its connections. */
  async close(): Promise<void> {
    this.#verifier.close();
    this.#groups?.close();
    await this.#connection.close();
  }
}
