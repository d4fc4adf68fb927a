/** Credentials for admission webhooks by `--admission-control-config-file`: the server as a process, a real HTTPS webhook. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { call, configMap, MAPS, TOKENS } from './http-client.js';
import { selfSigned } from './self-signed.js';
import { ServerProcess } from './server-process.js';

it('shows webhooks the user that a kubeconfig has for them', async () => {
  const pair = await selfSigned();
  const seen: unknown[] = [];
  const webhook = createServer(pair, (request, response) => {
    void (async () => {
      const { apiVersion, kind, request: asked } = (await json(request)) as { apiVersion: string; kind: string; request: { uid: string } };
      seen.push(request.headers.authorization);
      const allowed = request.headers.authorization === 'Bearer hook-token';
      response.end(JSON.stringify({ apiVersion, kind, response: { uid: asked.uid, allowed, status: { message: 'who are you?' } } }));
    })();
  });
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  const { port } = webhook.address() as AddressInfo;
  let kubeconfig = '';
  const useUser = (name: string): void => writeFileSync(kubeconfig, JSON.stringify({ users: [{ name, user: { token: 'hook-token' } }] }));
  const server = new ServerProcess((dir) => {
    kubeconfig = join(dir, 'hooks.kubeconfig');
    useUser(`127.0.0.1:${port}`);
    writeFileSync(join(dir, 'tokens.csv'), TOKENS);
    const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmission', kubeConfigFile: kubeconfig };
    const plugins = [{ name: 'ValidatingAdmissionWebhook', configuration }];
    writeFileSync(
      join(dir, 'admission.json'),
      JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins }),
    );
    return ['--token-auth-file', join(dir, 'tokens.csv'), '--admission-control-config-file', join(dir, 'admission.json')];
  });
  try {
    await server.start();
    const hook = {
      name: 'h.example.com',
      clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(pair.cert).toString('base64') },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
    };
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    const body = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'h' },
      webhooks: [hook],
    };
    expect((await call(server, 'POST', path, { body })).status).toBe(201);
    // The server hears of the webhook in its own time.
    for (let i = 0; seen.length === 0; i++) expect((await call(server, 'POST', MAPS, { body: configMap(`a${i}`, '1') })).status).toBe(201);
    expect(seen).toEqual(['Bearer hook-token']);
    await server.end('SIGTERM');
    useUser('elsewhere');
    await server.start();
    const refused = await call(server, 'POST', MAPS, { body: configMap('b', '1') });
    expect([refused.status, refused.body['message']]).toEqual([400, 'admission webhook "h.example.com" denied the request: who are you?']);
  } finally {
    await server.dispose();
    webhook.closeAllConnections();
    webhook.close();
  }
});
