/** Where a webhook is, by the file that kubectl has too. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

/** Where a webhook is and how it is called. PEM texts. */
export interface WebhookTarget {
  url: string;
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  username?: string;
  password?: string;
  /** Read anew for each batch, so that it can be renewed. */
  tokenFile?: string;
  /** Name in the certificate, where it is not the URL's. */
  serverName?: string;
  insecureSkipTlsVerify?: boolean;
}

type Fields = Record<string, string | undefined>;

/**
 * The current context of a kubeconfig file.
 *
 * @throws {Error} naming the file and what it lacks.
 */
export function readWebhookKubeconfig(file: string): WebhookTarget {
  const config = parse(readFileSync(file, 'utf8')) as Record<string, unknown> | null;
  const find = (list: string, name: string | undefined, part: string): Fields => {
    const items = (config?.[list] ?? []) as { name?: string; [part: string]: unknown }[];
    const found = items.find((item) => item.name === name);
    return (found?.[part] ?? {}) as Fields;
  };
  const context = find('contexts', config?.['current-context'] as string | undefined, 'context');
  const cluster = find('clusters', context['cluster'], 'cluster');
  const user = find('users', context['user'], 'user');
  if (cluster['server'] === undefined) throw new Error(`kubeconfig "${file}": the current context names no cluster with a server`);
  const pem = (from: Fields, name: string): string | undefined => {
    const data = from[`${name}-data`];
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    const path = from[name];
    return path === undefined ? undefined : readFileSync(resolve(dirname(file), path), 'utf8');
  };
  const target = {
    url: cluster['server'],
    ca: pem(cluster, 'certificate-authority'),
    cert: pem(user, 'client-certificate'),
    key: pem(user, 'client-key'),
    token: user['token'],
    tokenFile: user['tokenFile'] === undefined ? undefined : resolve(dirname(file), user['tokenFile']),
    serverName: cluster['tls-server-name'],
    username: user['username'],
    password: user['password'],
    insecureSkipTlsVerify: (cluster['insecure-skip-tls-verify'] as unknown) === true ? true : undefined,
  };
  return Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined)) as unknown as WebhookTarget;
}
