/** Finds an issuer by its discovery document, as soon as it can be reached, and checks tokens of it. */
import { goQuote } from '@k/apimachinery';
import { type Claims, verifyIdToken } from './id-token.js';
import type { IssuerConnection } from './issuer-connection.js';
import { IssuerKeySet } from './key-set.js';

/** What is looked for, and what its tokens have to be. */
export interface IssuerVerifierOptions {
  url: string;
  /** Default below `url`. */
  discoveryUrl?: string | undefined;
  audiences: readonly string[];
  algorithms: readonly string[];
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Hears of each time that it was not found. */
  onError: (error: Error) => void;
}

/** Milliseconds between looks for an issuer that was not there. */
const RETRY_MS = 10_000;

/** An issuer that is being looked for, or was found. */
export class IssuerVerifier {
  readonly #options: IssuerVerifierOptions;
  readonly #connection: IssuerConnection;
  #keys: IssuerKeySet | undefined;
  #fault: Error | null;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Resolves when it was found. */
  readonly found: Promise<void>;
  /** Resolves when it was looked for once. */
  readonly looked: Promise<void>;

  /** Begins to look for it. */
  constructor(connection: IssuerConnection, options: IssuerVerifierOptions) {
    this.#options = options;
    this.#connection = connection;
    this.#fault = new Error(`oidc: authenticator for issuer ${goQuote(options.url)} is not initialized`);
    let wasFound = (): void => {};
    this.found = new Promise((resolve) => {
      wasFound = resolve;
    });
    this.looked = this.#look(wasFound);
  }

  /** Why it is not there; null when it is. */
  get fault(): Error | null {
    return this.#fault;
  }

  /**
   * The claims of a token that holds.
   *
   * @throws {Error} when it does not, or the issuer was not found yet; never with the token.
   */
  async verify(token: string): Promise<Claims> {
    if (this.#keys === undefined) throw new Error(`verifier not initialized for issuer: ${goQuote(this.#options.url)}`);
    const { audiences, algorithms, now } = this.#options;
    return verifyIdToken(token, { audiences, algorithms, keys: this.#keys, now });
  }

  /** Stops looking. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  async #look(wasFound: () => void): Promise<void> {
    const { now, onError } = this.#options;
    try {
      const url = await this.#discover();
      this.#keys = new IssuerKeySet(this.#connection, { url, now });
      this.#fault = null;
      wasFound();
    } catch (error) {
      if (this.#isClosed) return;
      this.#fault = error as Error;
      onError(error as Error);
      this.#retry = setTimeout(() => void this.#look(wasFound), RETRY_MS).unref();
    }
  }

  /** Where its keys are. */
  async #discover(): Promise<string> {
    const { url: issuer, discoveryUrl } = this.#options;
    const url = discoveryUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { status, statusLine, text } = await this.#connection.get(url);
    if (status !== 200) throw new Error(`${statusLine}: ${url}`);
    const document = documentIn(text);
    if (document['issuer'] !== issuer) {
      const given = goQuote(String(document['issuer'] ?? ''));
      throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${goQuote(issuer)} got ${given}`);
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
