/** Bearer tokens of OpenID Connect issuers. */
import { bearerToken } from '../authenticators/token-file.js';
import type { AuthenticationRequest, AuthenticationResult, Authenticator } from '../interface.js';
import { untrustedIssuer } from './id-token.js';
import { JwtIssuer, type JwtIssuerOptions } from './issuer.js';

/** Who hears what becomes of tokens and issuers. */
export interface JwtObserver {
  /** A token was looked into. `error` says what is wrong with it and never contains it. */
  onToken?(outcome: { issuerUrl: string; seconds: number; error?: Error }): void;
  /** An issuer could not be found; it is looked for again in ten seconds. */
  onIssuerError?(error: Error): void;
}

/** Issuers that came from one configuration and go together. */
export interface JwtIssuerSet {
  readonly issuers: ReadonlyMap<string, JwtIssuer>;
  /**
   * Resolves when all were found.
   *
   * @throws {Error} naming those that were not in time.
   */
  ready(timeoutMs: number): Promise<void>;
  /** Ends looking for them and their connections. */
  close(): Promise<void>;
}

/** Begins to look for issuers. */
export function openJwtIssuers(options: readonly JwtIssuerOptions[], observer: JwtObserver = {}): JwtIssuerSet {
  const onError = (error: Error): void => observer.onIssuerError?.(error);
  const issuers = options.map((issuer) => new JwtIssuer(issuer, { onError }));
  return {
    issuers: new Map(issuers.map((issuer) => [issuer.url, issuer])),
    async ready(timeoutMs) {
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs).unref();
      });
      await Promise.race([over, Promise.all(issuers.map(({ found }) => found))]);
      clearTimeout(timer);
      const faults = issuers.flatMap(({ fault }) => fault?.message ?? []);
      if (faults.length > 0) throw new Error(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
    },
    async close() {
      await Promise.all(issuers.map((issuer) => issuer.close()));
    },
  };
}

/** Recognises tokens by the issuers that they name; tokens of all others are not its own. */
export class JwtAuthenticator implements Authenticator {
  readonly name = 'oidc';
  readonly #observer: JwtObserver;
  #issuers: ReadonlyMap<string, JwtIssuer>;

  constructor(set: JwtIssuerSet, observer: JwtObserver = {}) {
    this.#issuers = set.issuers;
    this.#observer = observer;
  }

  /** Takes tokens of other issuers from now on; tokens that are being looked into are taken as they were. */
  choose(set: JwtIssuerSet): void {
    this.#issuers = set.issuers;
  }

  authenticate(request: AuthenticationRequest): AuthenticationResult | null | Promise<AuthenticationResult | null> {
    const token = bearerToken(request);
    return token === null ? null : this.authenticateToken(token);
  }

  /** For every audience that the server itself is: what these tokens are meant for is a matter of their issuer. */
  authenticateToken(token: string): AuthenticationResult | null | Promise<AuthenticationResult | null> {
    const issuer = this.#issuers.get(untrustedIssuer(token) ?? '');
    if (issuer === undefined) return null;
    return issuer.remembered(token) ?? this.#lookInto(token, issuer);
  }

  async #lookInto(token: string, issuer: JwtIssuer): Promise<AuthenticationResult> {
    const startedMs = performance.now();
    const told = (error?: Error): void =>
      this.#observer.onToken?.({
        issuerUrl: issuer.url,
        seconds: (performance.now() - startedMs) / 1000,
        ...(error === undefined ? {} : { error }),
      });
    try {
      const result = await issuer.authenticate(token);
      told();
      return result;
    } catch (error) {
      told(error as Error);
      throw error;
    }
  }
}
