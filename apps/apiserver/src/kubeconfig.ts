import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import type { KeyAndCertificate } from './certificates.js';

/** Writes the administrator's kubeconfig, readable by its owner only. */
export function writeKubeconfig(path: string, options: { server: string; ca: string; admin: KeyAndCertificate }): void {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'k', cluster: { server: options.server, 'certificate-authority-data': base64(options.ca) } }],
    users: [
      {
        name: 'kubernetes-admin',
        user: { 'client-certificate-data': base64(options.admin.cert), 'client-key-data': base64(options.admin.key) },
      },
    ],
    contexts: [{ name: 'k', context: { cluster: 'k', user: 'kubernetes-admin' } }],
    'current-context': 'k',
  };
  const text = stringify(config);
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
  }
  chmodSync(path, 0o600);
}
