/** One issuer: found by its discovery document, as soon as it can be reached. */

import { hash } from 'node:crypto';
import { goQuote } from '@k/apimachinery';
import type { AuthenticationResult } from '../interface.js';
import { ExpiringCache } from '../webhook/expiring-cache.js';
import { type Claims, expiryOf, verifyIdToken } from './id-token.js';
import { IssuerConnection } from './issuer-connection.js';
import { IssuerKeySet } from './key-set.js';
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

/** Milliseconds between looks for an issuer that was not there. */
const RETRY_MS = 10_000;
/** Milliseconds that a token is not looked into again. */
const REMEMBERED_MS = 10_000;
const TOKENS_MAX = 4096;

/** An issuer that is being looked for, or was found. */
export class JwtIssuer {
  readonly url: string;
  readonly #options: JwtIssuerOptions;
  readonly #connection: IssuerConnection;
  readonly #now: () => number;
  readonly #known: ExpiringCache<AuthenticationResult>;
  readonly #onError: (error: Error) => void;
  readonly #found: Promise<void>;
  #keys: IssuerKeySet | undefined;
  #fault: Error;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Begins to look for it. @param options.onError - Hears of each time that it was not found. */
  constructor(issuer: JwtIssuerOptions, options: { onError: (error: Error) => void; now?: () => number }) {
    this.url = issuer.url;
    this.#options = issuer;
    this.#now = options.now ?? Date.now;
    this.#onError = options.onError;
    this.#known = new ExpiringCache(TOKENS_MAX, this.#now);
    this.#connection = new IssuerConnection(issuer.certificateAuthority);
    this.#fault = new Error(`oidc: authenticator for issuer ${goQuote(issuer.url)} is not initialized`);
    this.#found = new Promise((resolve) => void this.#look(resolve));
  }

  /** Resolves when it was found. */
  get found(): Promise<void> {
    return this.#found;
  }

  /** Why it is not there; null when it is. */
  get fault(): Error | null {
    if (this.#keys !== undefined) return null;
    return new Error(`oidc: authenticator for issuer ${goQuote(this.url)} is not healthy: ${this.#fault.message}`);
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
    if (this.#keys === undefined) throw new Error('oidc: authenticator not initialized');
    const { audiences, signingAlgorithms: algorithms = ['RS256'] } = this.#options;
    let claims: Claims;
    try {
      claims = await verifyIdToken(token, { audiences, algorithms, keys: this.#keys, now: this.#now });
    } catch (error) {
      throw new Error(`oidc: verify token: ${(error as Error).message}`);
    }
    const result = { user: await userOf(claims, this.#options) };
    this.#known.set(hash('sha256', token), result, Math.min(REMEMBERED_MS, expiryOf(claims) * 1000 - this.#now()));
    return result;
  }

  /** Stops looking; ends its connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#connection.close();
  }

  async #look(found: () => void): Promise<void> {
    try {
      const url = await this.#discover();
      this.#keys = new IssuerKeySet(this.#connection, { url, now: this.#now });
      found();
    } catch (error) {
      if (this.#isClosed) return;
      this.#fault = error as Error;
      this.#onError(this.#fault);
      this.#retry = setTimeout(() => void this.#look(found), RETRY_MS).unref();
    }
  }

  /** Where its keys are. */
  async #discover(): Promise<string> {
    const url = this.#options.discoveryUrl ?? `${this.url.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { status, statusLine, text } = await this.#connection.get(url);
    if (status !== 200) throw new Error(`${statusLine}: ${url}`);
    const document = documentIn(text);
    if (document['issuer'] !== this.url) {
      const given = goQuote(String(document['issuer'] ?? ''));
      throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${goQuote(this.url)} got ${given}`);
    }
    const keysUrl = document['jwks_uri'];
    if (typeof keysUrl !== 'string' || !URL.canParse(keysUrl)) {
      throw new Error('oidc: failed to decode provider discovery object: jwks_uri is no URL');
    }
    return keysUrl;
  }
}

function documentIn(text: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null) return document as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new Error('oidc: failed to decode provider discovery object: no JSON object');
}
