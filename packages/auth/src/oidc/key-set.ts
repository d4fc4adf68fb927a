/** The keys that an issuer signs with now. */
import { type CompactVerifyGetKey, compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import type { IssuerConnection } from './issuer-connection.js';

/** Whoever sends tokens could otherwise make the server ask for keys with each of them. */
const REFRESH_INTERVAL_MS = 10_000;

/** Keys of one issuer, asked for when a token needs one that is not known yet; at most every ten seconds. */
export class IssuerKeySet {
  readonly #connection: IssuerConnection;
  readonly #url: string;
  readonly #now: () => number;
  #keys: CompactVerifyGetKey | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #pending: Promise<void> | undefined;
  #fault: Error | undefined;

  constructor(connection: IssuerConnection, options: { url: string; now: () => number }) {
    this.#connection = connection;
    this.#url = options.url;
    this.#now = options.now;
  }

  /**
   * Checks a signature.
   *
   * @returns The payload that was signed.
   * @throws {Error} when no key of the issuer made it, or the keys cannot be had.
   */
  async verify(token: string, algorithms: readonly string[]): Promise<Uint8Array> {
    const known = await this.#verifyWithKnown(token, algorithms);
    if (known !== null) return known;
    await this.#refresh();
    const renewed = await this.#verifyWithKnown(token, algorithms);
    if (renewed !== null) return renewed;
    throw this.#keys === undefined && this.#fault !== undefined ? this.#fault : new Error('failed to verify id token signature');
  }

  async #verifyWithKnown(token: string, algorithms: readonly string[]): Promise<Uint8Array | null> {
    if (this.#keys === undefined) return null;
    try {
      return (await compactVerify(token, this.#keys, { algorithms: [...algorithms] })).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return null;
      // Tokens that name no key may be of any.
      for await (const key of error) {
        const verified = await compactVerify(token, key, { algorithms: [...algorithms] }).catch(() => null);
        if (verified !== null) return verified.payload;
      }
      return null;
    }
  }

  async #refresh(): Promise<void> {
    if (this.#pending === undefined) {
      if (this.#now() - this.#askedMs < REFRESH_INTERVAL_MS) return;
      this.#askedMs = this.#now();
      this.#pending = this.#fetch().finally(() => {
        this.#pending = undefined;
      });
    }
    await this.#pending;
  }

  async #fetch(): Promise<void> {
    try {
      const { status, statusLine, text } = await this.#connection.get(this.#url);
      if (status !== 200) throw new Error(`oidc: get keys failed: ${statusLine}`);
      this.#keys = keysIn(text);
      this.#fault = undefined;
    } catch (error) {
      this.#fault = new Error(`fetching keys ${(error as Error).message}`);
    }
  }
}

function keysIn(text: string): CompactVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch {
    throw new Error('oidc: failed to decode keys: no JSON Web Key Set');
  }
}
