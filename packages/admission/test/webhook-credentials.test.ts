/** Who the server is to webhooks: users by the servers they are for, on the wire. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { AdmissionChain, MemoryObjects, memoryDependencies } from '../src/index.js';
import { webhookUserFor } from '../src/webhooks/credentials.js';
import type { WebhookUser } from '../src/webhooks/index.js';
import { createAuthority } from './support/certificate-authority.js';
import { createWebhookChain } from './support/webhook-chain.js';
import { startWebhook } from './support/webhook-server.js';

const authority = await createAuthority();
const pair = await authority.issue(['127.0.0.1']);
const dir = mkdtempSync(join(tmpdir(), 'k-credentials-'));
const seen: [authorization: string | undefined, certificate: string | undefined][] = [];
const ca = Buffer.from(authority.caBundle, 'base64');
const server = await startWebhook(
  { ...pair, ...{ ca, requestCert: true, rejectUnauthorized: false } },
  {
    '/hook': (_review, request) => {
      seen.push([request.headers.authorization, (request.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined]);
      return { allowed: true };
    },
  },
);
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

describe('the user for a server', () => {
  const named = new Map<string, WebhookUser>(
    ['a.ns.svc:443', 'b.ns.svc', '*.ns.svc:8443', '*.svc', '*', 'h.example.com:9443'].map((name) => [name, { username: name }]),
  );
  it.each([
    ['a.ns.svc:443', 'a.ns.svc:443'],
    ['b.ns.svc:443', 'b.ns.svc'],
    ['b.ns.svc:8443', '*.ns.svc:8443'],
    ['c.other.svc:443', '*.svc'],
    ['c.other.svc:444', '*'],
    ['h.example.com:9443', 'h.example.com:9443'],
    ['h.example.com:443', '*'],
  ])('%s', (target, name) => {
    expect(webhookUserFor({ named }, target)).toEqual({ username: name });
  });

  it('is that of the current context when no name fits, or nobody', () => {
    const exact = new Map([['a:443', { token: 'x' }]]);
    expect(webhookUserFor({ named: exact, current: { token: 'y' } }, 'b:443')).toEqual({ token: 'y' });
    expect(webhookUserFor({ named: exact }, 'b:443')).toBeUndefined();
  });
});

describe('a webhook', () => {
  const plugin = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmission', kubeConfigFile: '/etc/hooks.kubeconfig' };
  const asked = async (user: WebhookUser, kind: 'mutating' | 'validating', name = `127.0.0.1:${server.port}`) => {
    const configuration = new Map([[kind === 'mutating' ? 'MutatingAdmissionWebhook' : 'ValidatingAdmissionWebhook', plugin]]);
    const readWebhookUsers = (file: string) => {
      expect(file).toBe('/etc/hooks.kubeconfig');
      return { named: new Map([[name, user]]) };
    };
    const chain = createWebhookChain({}, { configuration, readWebhookUsers });
    const clientConfig = { url: `${server.url}/hook`, caBundle: authority.caBundle };
    chain.configure(kind, 'cfg', [{ name: 'h.example.com', clientConfig }]);
    expect((await chain.run()).allowed).toBe(true);
    await chain.chain.close();
    return seen.splice(0);
  };

  it.each(['mutating', 'validating'] as const)('%s: sees who calls', async (kind) => {
    expect(await asked({ token: 's3cret' }, kind)).toEqual([['Bearer s3cret', undefined]]);
    expect(await asked({ username: 'u', password: 'p' }, kind)).toEqual([['Basic dTpw', undefined]]);
    expect(await asked({ cert: pair.cert, key: pair.key }, kind)).toEqual([[undefined, 'webhook']]);
    expect(await asked({ token: 's3cret' }, kind, 'elsewhere:443')).toEqual([[undefined, undefined]]);
  });

  it('sees the token that its file holds now', async () => {
    const tokenFile = join(dir, 'token');
    writeFileSync(tokenFile, 'one\n');
    expect(await asked({ tokenFile }, 'validating')).toEqual([['Bearer one', undefined]]);
    writeFileSync(tokenFile, 'two\n');
    expect(await asked({ tokenFile }, 'validating')).toEqual([['Bearer two', undefined]]);
  });

  it.each([
    [{ ...plugin, kubeConfigFile: 'hooks.kubeconfig' }, '.kubeConfigFile: "hooks.kubeconfig" must be an absolute file path'],
    [plugin, '.kubeConfigFile: "/etc/hooks.kubeconfig" cannot be read here'],
    [{ ...plugin, kind: 'Other' }, ''],
    [{ ...plugin, kubeconfig: '/x' }, ''],
  ])('%j is refused', (given, message) => {
    const configuration = new Map([['ValidatingAdmissionWebhook', given]]);
    const make = () => new AdmissionChain().withBuiltInControllers(memoryDependencies(new MemoryObjects()), { configuration });
    expect(make).toThrow(message === '' ? RangeError : `ValidatingAdmissionWebhook${message}`);
  });
});
