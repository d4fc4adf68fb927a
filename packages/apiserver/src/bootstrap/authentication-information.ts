import type { KubeObject } from '@k/apimachinery';
import type { RequestHeaderOptions } from '@k/auth';
import { withRootCa } from '../controllers/root-ca-bundle.js';
import type { LocalClient } from '../local-client.js';

const NAMESPACE = 'kube-system';
const AUTHENTICATION = 'extension-apiserver-authentication';
const TRACKING = 'kube-apiserver-legacy-service-account-token-tracking';

type Data = Record<string, string>;

/**
 * Publishes what other components need to know of authentication here: the CA of client certificates, the proxies that may
 * name users, and since when the use of stored service account tokens is recorded.
 *
 * @param clientCa - PEM; '' = client certificates are not accepted.
 * @param requestHeader - Undefined = there are no such proxies.
 */
export async function publishAuthentication(
  client: LocalClient,
  clientCa: string,
  requestHeader: RequestHeaderOptions | undefined,
  nowMs: number,
): Promise<void> {
  await client.create('', 'configmaps', {
    metadata: { name: TRACKING, namespace: NAMESPACE },
    data: { since: new Date(nowMs).toISOString().slice(0, 10) },
  });
  if (clientCa === '' && requestHeader === undefined) return;
  await publish(client, (data) => withRequestHeader(withClientCa(data, clientCa, nowMs), requestHeader, nowMs));
}

/** Publishes which proxies may name users to servers behind this one. */
export async function publishRequestHeader(client: LocalClient, requestHeader: RequestHeaderOptions, nowMs: number): Promise<void> {
  await publish(client, (data) => withRequestHeader(data, requestHeader, nowMs));
}

/** What other servers on the store have published stays. */
async function publish(client: LocalClient, complete: (data: Data) => Data): Promise<void> {
  const created = await client.create('', 'configmaps', {
    metadata: { name: AUTHENTICATION, namespace: NAMESPACE },
    data: complete({}),
  });
  if (created !== null) return;
  await client.update('', 'configmaps', NAMESPACE, AUTHENTICATION, (current: KubeObject) => {
    const data = (current['data'] ?? {}) as Data;
    const next = complete(data);
    const isSame = Object.keys(next).every((key) => next[key] === data[key]);
    return isSame ? null : { ...current, data: next };
  });
}

function withClientCa(data: Data, clientCa: string, nowMs: number): Data {
  return clientCa === '' ? data : withBundle(data, 'client-ca-file', clientCa, nowMs);
}

function withBundle(data: Data, key: string, ca: string, nowMs: number): Data {
  const bundle = withRootCa(data[key] ?? '', ca, nowMs);
  return bundle === null ? data : { ...data, [key]: bundle };
}

function withRequestHeader(data: Data, options: RequestHeaderOptions | undefined, nowMs: number): Data {
  if (options === undefined) return data;
  const lists: [key: string, values: readonly string[]][] = [
    ['username-headers', options.usernameHeaders],
    ['uid-headers', options.uidHeaders],
    ['group-headers', options.groupHeaders],
    ['extra-headers-prefix', options.extraHeaderPrefixes],
    ['allowed-names', options.allowedNames],
  ];
  const next = { ...withBundle(data, 'requestheader-client-ca-file', options.clientCa, nowMs) };
  for (const [name, values] of lists) {
    const key = `requestheader-${name}`;
    if (name === 'uid-headers' && values.length === 0) continue;
    next[key] = JSON.stringify([...new Set([...listOf(next[key]), ...values])]);
  }
  return next;
}

/** A list that somebody has spoilt counts as none. */
function listOf(text: string | undefined): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  } catch {
    return [];
  }
}
