import { stringify } from 'yaml';
import type { KubeconfigOptions } from './kubeconfig.js';

/** The text of a kubeconfig. */
export function kubeconfigText({ server, ca, admin }: KubeconfigOptions): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'k', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: 'kubernetes-admin',
        user: { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.key) },
      },
    ],
    contexts: [{ name: 'k', context: { cluster: 'k', user: 'kubernetes-admin' } }],
    'current-context': 'k',
  });
}
