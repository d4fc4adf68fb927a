/** Issuers of the file of `--authentication-config`, which is followed while the server runs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { forbidden, formatFieldError } from '@k/apimachinery';
import { identityName, type ServerMetrics } from '@k/apiserver';
import { JwtAuthenticator, type JwtIssuerSet, type JwtObserver, openJwtIssuers } from '@k/auth/oidc';
import { createReloadMetrics, type ReloadMetrics } from '@k/encryption/metrics';
import type { Logger } from 'pino';
import { type AuthenticationConfiguration, parseAuthenticationConfiguration } from './authentication-configuration.js';
import { followFile } from './followed-file.js';
import type { JwtSetup } from './jwt.js';
import { jwtObserver } from './oidc.js';

const FOUND_MS_MAX = 60_000;
/** Milliseconds that tokens which are being looked into have left when their issuer goes. */
const LEFT_MS = 60_000;

const hashOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const shown = (anonymous: AuthenticationConfiguration['anonymous']): string =>
  JSON.stringify(anonymous instanceof Set ? [...anonymous] : (anonymous ?? null));

/** One file; its first content has to be valid, later ones that are not leave the issuers as they are. */
export class AuthenticationFile implements JwtSetup {
  readonly #file: string;
  readonly #log: Logger;
  readonly #disallowedIssuers: readonly string[];
  readonly #observer: JwtObserver;
  readonly #metrics: ReloadMetrics;
  readonly #open = new Set<JwtIssuerSet>();
  readonly #endFollowing: () => void;
  #issuers: JwtIssuerSet;
  #lastText: string;
  readonly #foundMsMax: number;
  #isLooking = false;
  #isAskedAgain = false;
  #isClosed = false;
  readonly authenticator: JwtAuthenticator;
  readonly anonymous: AuthenticationConfiguration['anonymous'];

  /**
   * Begins to follow the file.
   *
   * @param options.text - What the file holds.
   * @param options.disallowedIssuers - Issuers that are the server's own.
   * @param options.foundMsMax - Milliseconds that new issuers have to be found in. Default 60,000.
   * @throws {Error} with everything that is wrong.
   */
  constructor(options: {
    file: string;
    text: string;
    log: Logger;
    metrics: ServerMetrics;
    disallowedIssuers: readonly string[];
    foundMsMax?: number;
  }) {
    const { file, text, log, metrics, disallowedIssuers, foundMsMax = FOUND_MS_MAX } = options;
    const configuration = parseAuthenticationConfiguration(text, disallowedIssuers);
    this.#file = file;
    this.#foundMsMax = foundMsMax;
    this.#log = log.child({ component: 'authentication' });
    this.#disallowedIssuers = disallowedIssuers;
    this.#observer = jwtObserver(this.#log, metrics);
    this.#issuers = this.#openIssuers(configuration);
    this.authenticator = new JwtAuthenticator(this.#issuers, this.#observer);
    this.anonymous = configuration.anonymous;
    this.#lastText = text;
    const apiserverId = identityName(hostname());
    this.#metrics = createReloadMetrics({ registry: metrics.registry, configuration: 'authentication', apiserverId });
    this.#metrics.setConfigHash(hashOf(text));
    const onError = (error: Error): void => this.#log.error({ err: error }, 'watching authentication config file');
    this.#endFollowing = followFile(file, { look: () => this.reload(), onError });
  }

  /** Looks at the file now; what is new is in force once its issuers were found. */
  reload(): void {
    void this.#look();
  }

  /** Stops following; ends connections to issuers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endFollowing();
    await Promise.all([...this.#open].map((issuers) => issuers.close()));
  }

  async #look(): Promise<void> {
    // The file may change while issuers are being looked for.
    this.#isAskedAgain = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.#isAskedAgain && !this.#isClosed) {
      this.#isAskedAgain = false;
      await this.#takeOver();
    }
    this.#isLooking = false;
  }

  /** Puts what is new in the file in force, if anything is. */
  async #takeOver(): Promise<void> {
    let step = 'failed to read authentication config file';
    let next: JwtIssuerSet | undefined;
    try {
      const text = readFileSync(this.#file, 'utf8');
      if (text === this.#lastText) return;
      const before = this.#lastText;
      this.#lastText = text;
      step = 'failed to validate authentication config';
      const configuration = this.#parse(text);
      step = 'failed to update authentication config';
      next = this.#openIssuers(configuration);
      await next.ready(this.#foundMsMax).catch((error: unknown) => {
        // They may be there when the file is looked at the next time.
        this.#lastText = before;
        throw error;
      });
      this.#putInForce(next);
      this.#metrics.onReload({ status: 'success', hash: hashOf(text) });
      this.#log.info('reloaded authentication config');
    } catch (error) {
      if (next !== undefined) await this.#close(next);
      if (this.#isClosed) return;
      this.#metrics.onReload({ status: 'failure', error: error as Error });
      this.#log.error({ err: error }, step);
    }
  }

  #parse(text: string): AuthenticationConfiguration {
    const configuration = parseAuthenticationConfiguration(text, this.#disallowedIssuers);
    if (shown(configuration.anonymous) !== shown(this.anonymous)) {
      throw new Error(formatFieldError(forbidden('anonymous', 'changed from initial configuration file')));
    }
    return configuration;
  }

  #openIssuers({ issuers }: AuthenticationConfiguration): JwtIssuerSet {
    const set = openJwtIssuers(issuers, this.#observer);
    this.#open.add(set);
    return set;
  }

  #putInForce(next: JwtIssuerSet): void {
    const last = this.#issuers;
    this.#issuers = next;
    this.authenticator.choose(next);
    setTimeout(() => void this.#close(last), LEFT_MS).unref();
  }

  async #close(issuers: JwtIssuerSet): Promise<void> {
    this.#open.delete(issuers);
    await issuers.close();
  }
}
