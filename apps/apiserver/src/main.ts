#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startApiServer } from '@k/apiserver';
import { createClientCertificateAuthenticator, createServiceAccountIssuer, createTokenFileAuthenticator } from '@k/auth';
import { openEmbeddedStore } from '@k/storage';
import { Command } from 'commander';
import { pino } from 'pino';
import { ensureCertificates } from './certificates.js';
import { writeKubeconfig } from './kubeconfig.js';
import { serviceAccountKeys } from './service-account-keys.js';

const program = new Command('k-apiserver')
  .option('--data-dir <dir>', 'folder of the embedded store', './.k')
  .option('--bind-address <address>', 'IP, or IP:PORT', '127.0.0.1')
  .option('--secure-port <port>', 'HTTPS port', '6443')
  .option('--token-auth-file <file>', 'static tokens, CSV')
  .option('--write-kubeconfig <file>', "the administrator's kubeconfig; default in the data folder");
program.parse();
const flags = program.opts<{
  dataDir: string;
  bindAddress: string;
  securePort: string;
  tokenAuthFile?: string;
  writeKubeconfig?: string;
}>();

const log = pino({ level: 'info' });
const dataDir = resolve(flags.dataDir);
const [host = '127.0.0.1', portOfAddress] = flags.bindAddress.split(':');
const port = Number(portOfAddress ?? flags.securePort);
const [store, certificates] = await Promise.all([
  openEmbeddedStore({ dir: join(dataDir, 'store') }),
  ensureCertificates({ dir: join(dataDir, 'certs'), addresses: [host] }),
]);
const issuerUrl = 'https://kubernetes.default.svc.cluster.local';
const keys = serviceAccountKeys({ dir: join(dataDir, 'certs') });
const server = await startApiServer({
  store,
  listener: { host, port, cert: certificates.serving.cert, key: certificates.serving.key, clientCa: certificates.ca },
  authenticators: [
    createClientCertificateAuthenticator({ clientCa: certificates.ca }),
    ...(flags.tokenAuthFile === undefined ? [] : [createTokenFileAuthenticator(readFileSync(flags.tokenAuthFile, 'utf8'))]),
  ],
  anonymous: true,
  admission: () => ({ runMutating: async () => {}, runValidating: async () => {} }),
  serviceAccounts: {
    issuer: createServiceAccountIssuer({ issuer: issuerUrl, audiences: [issuerUrl], signingKey: keys.signing }),
    keys: keys.verification,
    issuers: [issuerUrl],
  },
  rootCa: certificates.ca,
  log,
});
const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
const url = `https://${shownHost}:${server.address.port}`;
const kubeconfig = resolve(flags.writeKubeconfig ?? join(dataDir, 'admin.kubeconfig'));
writeKubeconfig(kubeconfig, { server: url, ca: certificates.ca, admin: certificates.admin });
process.stdout.write(`k-apiserver is ready at ${url}\n  kubectl --kubeconfig ${kubeconfig} get namespaces\n`);
const stop = async (): Promise<void> => {
  await server.close();
  await store.close();
  process.exit(0);
};
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
