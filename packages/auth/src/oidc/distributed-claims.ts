/** Claims that a token does not hold itself, but says where they are: section 5.6.2 of OpenID Connect Core 1.0. */
import { goQuote } from '@k/apimachinery';
import { type Claims, untrustedIssuer } from './id-token.js';
import type { IssuerConnection } from './issuer-connection.js';
import { IssuerVerifier, type IssuerVerifierOptions } from './issuer-verifier.js';

/** Fetches one claim for those whose tokens only refer to it. */
export class DistributedClaim {
  readonly #name: string;
  readonly #connection: IssuerConnection;
  readonly #options: Omit<IssuerVerifierOptions, 'url' | 'discoveryUrl'>;
  /** Of whoever signs the claim, by URL. */
  readonly #verifiers = new Map<string, IssuerVerifier>();

  constructor(name: string, connection: IssuerConnection, options: Omit<IssuerVerifierOptions, 'url' | 'discoveryUrl'>) {
    this.#name = name;
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * The claims with the one that was only referred to; as they are when it is there, or nowhere.
   *
   * @throws {Error} when it cannot be had; never with a token.
   */
  async expand(claims: Claims): Promise<Claims> {
    const endpoint = endpointOf(claims, this.#name);
    if (endpoint === null) return claims;
    try {
      return { ...claims, [this.#name]: await this.#fetch(endpoint) };
    } catch (error) {
      throw new Error(`oidc: could not expand distributed claims: ${(error as Error).message}`);
    }
  }

  /** Ends looking for those who sign it. */
  close(): void {
    for (const verifier of this.#verifiers.values()) verifier.close();
  }

  async #fetch({ url, accessToken }: Endpoint): Promise<unknown> {
    const name = goQuote(this.#name);
    const failed = (error: unknown): never => {
      throw new Error(`while getting distributed claim ${name}: ${(error as Error).message}`);
    };
    const headers: Record<string, string> = accessToken === '' ? {} : { authorization: `Bearer ${accessToken}` };
    const { status, statusLine, text } = await this.#connection.get(url, headers).catch(failed);
    if (status < 200 || status > 226) failed(new Error(`error while getting distributed claim JWT: ${statusLine}`));
    const issuer = untrustedIssuer(text);
    if (issuer === null) throw new Error(`getting untrusted issuer from endpoint ${url} failed for claim ${name}: malformed token`);
    const claims = await (await this.#verifierOf(issuer)).verify(text).catch((error: Error) => {
      throw new Error(`verify distributed claim token: ${error.message}`);
    });
    if (!Object.hasOwn(claims, this.#name)) {
      throw new Error(`jwt returned by distributed claim endpoint ${goQuote(url)} did not contain claim: ${this.#name}`);
    }
    return claims[this.#name];
  }

  async #verifierOf(url: string): Promise<IssuerVerifier> {
    const known = this.#verifiers.get(url);
    const verifier = known ?? new IssuerVerifier(this.#connection, { ...this.#options, url });
    if (known === undefined) this.#verifiers.set(url, verifier);
    await verifier.looked;
    return verifier;
  }
}

interface Endpoint {
  url: string;
  /** '' = none is needed. */
  accessToken: string;
}

/** Where a claim is; null when it is in the token, or nowhere. */
function endpointOf(claims: Claims, name: string): Endpoint | null {
  if (Object.hasOwn(claims, name) || !Object.hasOwn(claims, '_claim_names')) return null;
  const at = 'oidc: could not expand distributed claims: ';
  const names = objectIn(claims, '_claim_names', `${at}oidc: error parsing distributed claim names`);
  if (!Object.hasOwn(claims, '_claim_sources')) throw new Error(`${at}oidc: no claim sources`);
  const sources = objectIn(claims, '_claim_sources', `${at}oidc: could not parse claim sources`);
  const source = Object.hasOwn(names, name) ? names[name] : undefined;
  if (source === undefined) return null;
  if (typeof source !== 'string' || !Object.hasOwn(sources, source)) {
    throw new Error(`${at}id token _claim_names contained a source ${String(source)} missing in _claims_sources`);
  }
  const { endpoint = '', access_token: accessToken = '' } = objectIn(sources, source, `${at}oidc: could not parse claim sources`);
  if (typeof endpoint !== 'string' || typeof accessToken !== 'string') throw new Error(`${at}oidc: could not parse claim sources`);
  // Without an endpoint the source holds the claim itself, which is not read.
  return endpoint === '' ? null : { url: endpoint, accessToken };
}

function objectIn(fields: Claims, name: string, fault: string): Claims {
  const value = fields[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${fault}: no object`);
  return value as Claims;
}
