/** Who this server is to webhooks: users of a kubeconfig file, chosen by the server that is called. */
import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { ConfigurationReader } from '../configuration-reader.js';

/** What a webhook is shown. PEM texts. */
export interface WebhookUser {
  token?: string;
  /** Read anew for each call, so that it can be renewed. */
  tokenFile?: string;
  username?: string;
  password?: string;
  cert?: string;
  key?: string;
}

/** Users by the servers they are for. */
export interface WebhookUsers {
  /** By `host:port`, `host` for port 443, `*.suffix` of either, or `*` for all others. */
  named: ReadonlyMap<string, WebhookUser>;
  /** For servers that no name fits. */
  current?: WebhookUser;
}

/** @returns The kubeconfig file of a `WebhookAdmission` configuration; undefined when it names none. */
export function parseWebhookAdmission(plugin: string, configuration: unknown): string | undefined {
  if (configuration === undefined) return undefined;
  const reader = new ConfigurationReader(plugin, configuration);
  reader.expectKind([
    ['apiserver.config.k8s.io/v1', 'WebhookAdmission'],
    ['apiserver.config.k8s.io/v1alpha1', 'WebhookAdmission'],
  ]);
  reader.expectFields(['apiVersion', 'kind', 'kubeConfigFile']);
  const file = reader.optionalString('kubeConfigFile') ?? '';
  if (file === '') return undefined;
  if (!isAbsolute(file)) throw reader.wrong('kubeConfigFile', file, 'must be an absolute file path');
  return file;
}

/** @param target - `host:port`. @returns Undefined = nobody. */
export function webhookUserFor({ named, current }: WebhookUsers, target: string): WebhookUser | undefined {
  const found = namedFor(named, target) ?? (target.endsWith(':443') ? namedFor(named, target.slice(0, -':443'.length)) : undefined);
  return found ?? named.get('*') ?? current;
}

function namedFor(named: WebhookUsers['named'], target: string): WebhookUser | undefined {
  const steps = target.split('.');
  const names = [target, ...steps.slice(1).map((_step, index) => `*.${steps.slice(index + 1).join('.')}`)];
  for (const name of names) {
    const user = named.get(name);
    if (user !== undefined) return user;
  }
  return undefined;
}

/** The header that says who calls; empty where a certificate says it, or nothing. */
export async function authorizationHeader(user: WebhookUser | undefined): Promise<{ authorization?: string }> {
  if (user === undefined) return {};
  const { token, tokenFile, username, password = '' } = user;
  const bearer = tokenFile === undefined ? token : (await readFile(tokenFile, 'utf8')).trim();
  if (bearer !== undefined) return { authorization: `Bearer ${bearer}` };
  return username === undefined ? {} : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}
