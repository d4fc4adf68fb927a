/** The authorizers of the file of `--authorization-config`, which is followed while the server runs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type AuthorizerChoice, identityName, type ServerMetrics } from '@k/apiserver';
import { createReloadMetrics, type ReloadMetrics } from '@k/encryption/metrics';
import type { Logger } from 'pino';
import { PLAIN_AUTHORIZERS } from './authorization.js';
import { type ConfiguredAuthorizer, parseAuthorizationConfiguration } from './authorization-configuration.js';
import { type Webhooks, webhookSets } from './authorization-webhooks.js';
import { followFile } from './followed-file.js';

const hashOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** One file; its first content has to be valid, later ones that are not leave the authorizers as they are. */
export class AuthorizationFile {
  readonly #file: string;
  readonly #log: Logger;
  readonly #openWebhooks: () => Webhooks;
  readonly #metrics: ReloadMetrics;
  readonly #requiredTypes: readonly string[];
  #lastText: string;
  #lastConfiguration: string;
  #webhooks: Webhooks;
  #choose: ((choices: readonly AuthorizerChoice[]) => void) | undefined;
  #endFollowing = (): void => {};
  /** In order, as the file has them at the start. */
  readonly authorizers: readonly AuthorizerChoice[];

  /**
   * @param text - What the file holds.
   * @throws {Error} with everything that is wrong.
   */
  constructor({ file, text, log, metrics }: { file: string; text: string; log: Logger; metrics: ServerMetrics }) {
    const configuration = parseAuthorizationConfiguration(text);
    this.#file = file;
    this.#log = log.child({ component: 'authorization' });
    this.#openWebhooks = webhookSets(log, metrics);
    this.#webhooks = this.#openWebhooks();
    this.authorizers = choicesOf(configuration, this.#webhooks);
    this.#lastText = text;
    this.#lastConfiguration = JSON.stringify(configuration);
    this.#requiredTypes = configuration.map(({ type }) => type).filter((type) => type !== 'Webhook');
    this.#metrics = createReloadMetrics({
      registry: metrics.registry,
      configuration: 'authorization',
      apiserverId: identityName(hostname()),
    });
    this.#metrics.setConfigHash(hashOf(text));
  }

  /** Begins to follow the file. @param choose - Puts authorizers in force; may refuse them with a throw. */
  follow(choose: (choices: readonly AuthorizerChoice[]) => void): void {
    this.#choose = choose;
    const onError = (error: Error): void => this.#log.error({ err: error }, 'watching authorization config file');
    this.#endFollowing = followFile(this.#file, { look: () => this.look(), onError });
    this.look();
  }

  /** Looks at the file now; does nothing before it is followed. */
  look(): void {
    try {
      const text = readFileSync(this.#file, 'utf8');
      if (text === this.#lastText || this.#choose === undefined) return;
      this.#lastText = text;
      const configuration = parseAuthorizationConfiguration(text, this.#requiredTypes);
      const written = JSON.stringify(configuration);
      if (written === this.#lastConfiguration) return;
      this.#lastConfiguration = written;
      const webhooks = this.#openWebhooks();
      this.#choose(choicesOf(configuration, webhooks));
      void this.#webhooks.retire();
      this.#webhooks = webhooks;
      this.#metrics.onReload({ status: 'success', hash: hashOf(text) });
      this.#log.info('reloaded authz config');
    } catch (error) {
      this.#metrics.onReload({ status: 'failure', error: error as Error });
      this.#log.error({ err: error }, 'reloading authorization config');
    }
  }

  /** Stops following; ends connections to webhooks. */
  async close(): Promise<void> {
    this.#endFollowing();
    await this.#webhooks.close();
  }
}

function choicesOf(configuration: readonly ConfiguredAuthorizer[], webhooks: Webhooks): AuthorizerChoice[] {
  return configuration.map(({ type, name, webhook }) => {
    if (webhook === undefined) return PLAIN_AUTHORIZERS[type] as AuthorizerChoice;
    const { kubeConfigFile, conditions, ...rest } = webhook;
    return webhooks.open(kubeConfigFile, { name, ...rest, ...(conditions === undefined ? {} : { matches: conditions.matches }) });
  });
}
