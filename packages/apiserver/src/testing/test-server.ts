import { generateKeyPair, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AdmissionChain } from '@k/admission';
import { createServiceAccountIssuer, createTokenFileAuthenticator } from '@k/auth';
import { type KeyValueStore, openEmbeddedStore } from '@k/storage';
import { pino } from 'pino';
import { type ApiServer, type ServerOptions, startApiServer } from '../server.js';
import { selfSignedCertificate } from './certificate.js';
import { createTestClient, type TestClient } from './test-client.js';

/** A user who authenticates with a token. */
export interface TestUser {
  token: string;
  username: string;
  groups?: readonly string[];
}

/** What a test may want different; everything has a default. */
export interface TestServerOptions extends Partial<Omit<ServerOptions, 'listener' | 'rootCa' | 'serviceAccounts'>> {
  /** Folder of the embedded store. Default: a temporary one that `close` removes. */
  dir?: string;
  /** Users besides the administrator, who is in `system:masters`. */
  users?: readonly TestUser[];
}

/** A running server and how to reach it. */
export interface TestServer {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** PEM of the certificate to trust. */
  readonly ca: string;
  /** The administrator's token. */
  readonly token: string;
  /** The administrator's kubeconfig, as text for kubectl or a client library. */
  readonly kubeconfig: string;
  readonly client: TestClient;
  readonly server: ApiServer;
  readonly store: KeyValueStore;
  close(): Promise<void>;
}

const ADMIN = 'test-admin';
const ISSUER = 'https://kubernetes.default.svc.cluster.local';

/**
 * Starts an API server on a free port: RBAC, the default admission plugins and the controllers that kube-apiserver
 * users expect, as in production. Resolves when it is ready.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { dir: givenDir, users = [], store: givenStore, ...rest } = options;
  const dir = givenDir ?? (givenStore === undefined ? await mkdtemp(join(tmpdir(), 'k-test-')) : undefined);
  const store = givenStore ?? (await openEmbeddedStore({ dir: dir as string }));
  const [{ cert, key }, signing] = await Promise.all([selfSignedCertificate(), promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })]);
  const token = randomBytes(24).toString('hex');
  const rows = [{ token, username: ADMIN, groups: ['system:masters'] }, ...users];
  const csv = rows.map((user) => `${user.token},${user.username},${user.username},"${(user.groups ?? []).join(',')}"`).join('\n');
  const server = await startApiServer({
    anonymous: true,
    admission: (dependencies) => new AdmissionChain().withBuiltInControllers(dependencies),
    log: pino({ level: 'silent' }),
    // On a store of its own nobody else asks whether it lives: revisions grow by what the test does.
    ...(givenStore === undefined ? { endpointLeaseSeconds: 3600 } : {}),
    ...rest,
    authenticators: [createTokenFileAuthenticator(csv), ...(rest.authenticators ?? [])],
    store,
    listener: { host: '127.0.0.1', port: 0, cert, key },
    serviceAccounts: {
      issuer: createServiceAccountIssuer({ issuer: ISSUER, audiences: [ISSUER], signingKey: signing.privateKey }),
      keys: [signing.publicKey],
      issuers: [ISSUER],
    },
    rootCa: cert,
  });
  const url = `https://127.0.0.1:${server.address.port}`;
  const client = createTestClient(url, cert, token);
  return {
    url,
    ca: cert,
    token,
    kubeconfig: kubeconfigOf(url, cert, token),
    client,
    server,
    store,
    async close() {
      client.close();
      await server.close();
      if (givenStore === undefined) await store.close();
      if (dir !== undefined && givenDir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

function kubeconfigOf(url: string, ca: string, token: string): string {
  const name = 'test';
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}
