import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KeyAndCertificate } from './certificates.js';
import { kubeconfigText } from './kubeconfig-text.js';

/** Whom a kubeconfig is for and which server it leads to; PEM. */
export interface KubeconfigOptions {
  server: string;
  ca: string;
  admin: KeyAndCertificate;
}

/** Writes the administrator's kubeconfig, readable by its owner only. One that leads there already stays as it is. */
export function writeKubeconfig(path: string, options: KubeconfigOptions): void {
  if (!existsSync(path) || !says(readFileSync(path, 'utf8'), options)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, kubeconfigText(options), { mode: 0o600 });
  }
  chmodSync(path, 0o600);
}

/** Whether each value stands in the text, on a line of its own as they are written. */
function says(text: string, { server, ca, admin }: KubeconfigOptions): boolean {
  const base64 = [ca, admin.cert, admin.key].map((pem) => Buffer.from(pem).toString('base64'));
  const lines = new Set(text.split('\n').map((line) => line.slice(line.indexOf(': ') + 2)));
  return [server, ...base64].every((value) => lines.has(value));
}
