import { withRootCa } from '../controllers/root-ca-bundle.js';
import type { LocalClient } from '../local-client.js';

const NAMESPACE = 'kube-system';
const AUTHENTICATION = 'extension-apiserver-authentication';
const TRACKING = 'kube-apiserver-legacy-service-account-token-tracking';

/**
 * Publishes what other components need to know of authentication here: the CA of client certificates, and since when the
 * use of stored service account tokens is recorded.
 *
 * @param clientCa - PEM; '' = client certificates are not accepted.
 */
export async function publishAuthentication(client: LocalClient, clientCa: string, nowMs: number): Promise<void> {
  await client.create('', 'configmaps', {
    metadata: { name: TRACKING, namespace: NAMESPACE },
    data: { since: new Date(nowMs).toISOString().slice(0, 10) },
  });
  if (clientCa === '') return;
  const created = await client.create('', 'configmaps', {
    metadata: { name: AUTHENTICATION, namespace: NAMESPACE },
    data: { 'client-ca-file': clientCa },
  });
  if (created !== null) return;
  await client.update('', 'configmaps', NAMESPACE, AUTHENTICATION, (current) => {
    const data = (current['data'] ?? {}) as Record<string, string>;
    // Other servers may trust other authorities: theirs stay.
    const bundle = withRootCa(data['client-ca-file'] ?? '', clientCa, nowMs);
    return bundle === null ? null : { ...current, data: { ...data, 'client-ca-file': bundle } };
  });
}
