/** Admission webhooks that name another version than the client. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { caBundle, certificate, type Fields, GROUP, made, type Resource, useConvertedKinds } from '../support/converted-kinds.js';

const kinds = useConvertedKinds();

describe('an admission webhook', () => {
  it('sees the version that its rules name', async () => {
    const { v1, v2 } = await kinds.define('admitteds');
    const reviews: Fields[] = [];
    const admission = createServer(certificate, (request, response) => {
      void (async () => {
        const { request: given } = (await json(request)) as { request: Fields & { uid: string } };
        reviews.push(given);
        const patch = Buffer.from(JSON.stringify([{ op: 'replace', path: '/port', value: '7' }])).toString('base64');
        const verdict = { uid: given.uid, allowed: true, patchType: 'JSONPatch', patch };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: verdict }));
      })();
    });
    admission.listen(0, '127.0.0.1');
    await once(admission, 'listening');
    const hook = {
      name: 'test.example.com',
      clientConfig: { url: `https://127.0.0.1:${(admission.address() as AddressInfo).port}`, caBundle },
      rules: [{ operations: ['CREATE'], apiGroups: [GROUP], apiVersions: ['v2'], resources: ['admitteds'] }],
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
    };
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
    await kinds.server.client.request('POST', path, { body: { metadata: { name: 'test' }, webhooks: [hook] } });
    const created = await kinds.server.client.request<Resource>('POST', v1, { body: made('admitteds', 'v1', 'a', { hostPort: 'a:1' }) });
    expect([created.status, created.body.hostPort]).toEqual([201, 'a:7']);
    expect(reviews.map(({ kind, requestKind, object }) => [kind, requestKind, (object as Resource).host])).toEqual([
      [{ group: GROUP, version: 'v2', kind: 'Admitted' }, { group: GROUP, version: 'v1', kind: 'Admitted' }, 'a'],
    ]);
    expect(await kinds.get(`${v2}/a`)).toMatchObject({ host: 'a', port: '7' });
    await kinds.server.client.request('DELETE', `${path}/test`);
    admission.closeAllConnections();
    admission.close();
  });
});
