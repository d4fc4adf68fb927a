/** Requests that take as long as a test wants: their admission webhook answers when it is told to. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect } from 'vitest';
import { selfSignedCertificate } from '../../src/testing/certificate.js';
import type { TestServer } from '../../src/testing.js';

/** The webhook. */
export interface HeldRequests {
  /** Names of config maps in the order in which the webhook was asked about them. */
  readonly asked: readonly string[];
  /** Lets the creation of a config map go on; waits until it has come. */
  release(name: string): Promise<void>;
  /** Makes a server ask about config maps of `default`. */
  register(server: TestServer): Promise<void>;
  close(): Promise<void>;
}

const WAIT = { timeout: 30_000 };

/** Starts the webhook. */
export async function holdRequests(): Promise<HeldRequests> {
  const certificate = await selfSignedCertificate();
  const asked: string[] = [];
  const held = new Map<string, () => void>();
  const webhook = createServer(certificate, (request, response) => {
    void json(request).then((review) => {
      const { uid, name } = (review as { request: { uid: string; name: string } }).request;
      asked.push(name);
      held.set(name, () => {
        response.setHeader('content-type', 'application/json');
        const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
        response.end(JSON.stringify(answer));
      });
    });
  });
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  const url = `https://127.0.0.1:${(webhook.address() as AddressInfo).port}`;
  return {
    asked,
    async release(name) {
      await expect.poll(() => held.has(name), WAIT).toBe(true);
      held.get(name)?.();
      held.delete(name);
    },
    async register({ client }) {
      const body = {
        metadata: { name: 'hold' },
        webhooks: [
          {
            name: 'hold.example.com',
            clientConfig: { url, caBundle: Buffer.from(certificate.cert).toString('base64') },
            rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
            matchConditions: [{ name: 'held', expression: "object.metadata.name.startsWith('held-')" }],
            timeoutSeconds: 30,
            admissionReviewVersions: ['v1'],
            sideEffects: 'None',
          },
        ],
      };
      const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
      expect((await client.request('POST', path, { body })).status).toBe(201);
    },
    async close() {
      webhook.closeAllConnections();
      await new Promise((resolve) => webhook.close(resolve));
    },
  };
}
