/** Where a webhook is, by the file that kubectl has too. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseYaml } from '@k/apimachinery/yaml';

/** Where a webhook is and how it is called. PEM texts. */
export interface WebhookTarget {
  /** http or https. */
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

/** How a kubeconfig's user shows who it is. */
export type KubeconfigUser = Pick<WebhookTarget, 'cert' | 'key' | 'token' | 'tokenFile' | 'username' | 'password'>;

type Fields = Record<string, unknown>;

/** What kubeconfigs may say and a server cannot do: it would call without what was asked for. */
const UNSUPPORTED = { cluster: ['proxy-url'], user: ['exec', 'auth-provider', 'as', 'as-groups', 'as-uid', 'as-user-extra'] } as const;

/**
 * The current context of a kubeconfig file.
 *
 * @throws {Error} naming the file, and field and value of what is wrong; never a token, a password or a key.
 */
export function readWebhookKubeconfig(file: string): WebhookTarget {
  try {
    return new Kubeconfig(parseYaml(readFileSync(file, 'utf8')), dirname(file)).target();
  } catch (error) {
    throw new Error(`kubeconfig ${JSON.stringify(file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * All users of a kubeconfig file by their names, and that of its current context, if there is one.
 *
 * @throws {Error} naming the file, and field and value of what is wrong; never a token, a password or a key.
 */
export function readKubeconfigUsers(file: string): { named: Map<string, KubeconfigUser>; current?: KubeconfigUser } {
  try {
    return new Kubeconfig(parseYaml(readFileSync(file, 'utf8')), dirname(file)).users();
  } catch (error) {
    throw new Error(`kubeconfig ${JSON.stringify(file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

class Kubeconfig {
  readonly #config: Fields;
  readonly #dir: string;

  constructor(config: unknown, dir: string) {
    this.#config = fieldsOf(config, 'the file');
    this.#dir = dir;
  }

  target(): WebhookTarget {
    const current = text(this.#config, 'current-context', '');
    if (current === undefined || current === '') throw new Error('current-context is missing');
    const context = this.#find('context', current, 'current-context');
    const cluster = this.#find('cluster', text(context.fields, 'cluster', context.path), `${context.path}.cluster`);
    const named = text(context.fields, 'user', context.path);
    const user = named === undefined || named === '' ? { fields: {}, path: '' } : this.#find('user', named, `${context.path}.user`);
    const url = text(cluster.fields, 'server', cluster.path) ?? '';
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
      throw new Error(`${cluster.path}.server: ${JSON.stringify(url)} must be an http or https URL`);
    }
    const isBlind = cluster.fields['insecure-skip-tls-verify'] ?? false;
    if (typeof isBlind !== 'boolean') {
      throw new Error(`${cluster.path}.insecure-skip-tls-verify: ${JSON.stringify(isBlind)} must be true or false`);
    }
    return given({
      url,
      ca: this.#pem(cluster, 'certificate-authority'),
      serverName: text(cluster.fields, 'tls-server-name', cluster.path),
      insecureSkipTlsVerify: isBlind ? true : undefined,
      ...this.#user(user),
    }) as unknown as WebhookTarget;
  }

  users(): ReturnType<typeof readKubeconfigUsers> {
    const list = this.#config['users'] ?? [];
    if (!Array.isArray(list)) throw new Error('users must be a list');
    const named = new Map(
      list.map((item, index) => {
        const name = text(fieldsOf(item, `users[${index}]`), 'name', `users[${index}]`) ?? '';
        return [name, this.#user(this.#find('user', name, `users[${index}].name`))];
      }),
    );
    const contextName = text(this.#config, 'current-context', '') ?? '';
    if (contextName === '') return { named };
    const context = this.#find('context', contextName, 'current-context');
    const current = named.get(text(context.fields, 'user', context.path) ?? '');
    return { named, ...(current === undefined ? {} : { current }) };
  }

  #user(user: { fields: Fields; path: string }): KubeconfigUser {
    const tokenFile = text(user.fields, 'tokenFile', user.path);
    const read = {
      cert: this.#pem(user, 'client-certificate'),
      key: this.#pem(user, 'client-key'),
      token: text(user.fields, 'token', user.path),
      tokenFile: tokenFile === undefined ? undefined : resolve(this.#dir, tokenFile),
      username: text(user.fields, 'username', user.path),
      password: text(user.fields, 'password', user.path),
    };
    if ((read.cert === undefined) !== (read.key === undefined)) {
      throw new Error(`${user.path} needs both client-certificate and client-key, or neither`);
    }
    return given(read) as KubeconfigUser;
  }

  /** An entry of `contexts`, `clusters` or `users`, and its path for messages. */
  #find(part: 'context' | 'cluster' | 'user', name: string | undefined, wantedBy: string): { fields: Fields; path: string } {
    const list = this.#config[`${part}s`] ?? [];
    if (!Array.isArray(list)) throw new Error(`${part}s must be a list`);
    const index = list.findIndex((item) => (item as Fields | null)?.['name'] === name);
    if (index < 0) {
      throw new Error(`${wantedBy}: ${name === undefined ? 'missing' : `${JSON.stringify(name)} is none of the ${part}s`}`);
    }
    const path = `${part}s[${index}].${part}`;
    const fields = fieldsOf((list[index] as Fields)[part] ?? {}, path);
    for (const field of part === 'context' ? [] : UNSUPPORTED[part]) {
      if (fields[field] !== undefined && fields[field] !== null) throw new Error(`${path}.${field} is not supported`);
    }
    return { fields, path };
  }

  /** What a field holds, as base64 or in a file. */
  #pem({ fields, path }: { fields: Fields; path: string }, name: string): string | undefined {
    const data = text(fields, `${name}-data`, path);
    const file = text(fields, name, path);
    const at = data === undefined ? `${path}.${name}` : `${path}.${name}-data`;
    if (data === undefined && file === undefined) return undefined;
    let pem: string;
    try {
      pem = data === undefined ? readFileSync(resolve(this.#dir, file as string), 'utf8') : Buffer.from(data, 'base64').toString('utf8');
    } catch (error) {
      throw new Error(`${at}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (!pem.includes('-----BEGIN ')) throw new Error(`${at} holds no PEM`);
    return pem;
  }
}

/** Leaves out what is undefined. */
function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${path} must be an object`);
  return value as Fields;
}

/** Values are not shown: they may be secret. */
function text(fields: Fields, name: string, path: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new Error(`${path === '' ? '' : `${path}.`}${name} must be a string, got a ${typeof value}`);
  return value;
}
