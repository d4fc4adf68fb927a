/**
 * `componentstatuses`: the health of scheduler, controller manager and store, asked for when somebody looks.
 */
import { get } from 'node:https';
import { newStatusError } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import type { ResourceHandler } from '../server-context.js';
import { sendList, sendStored } from './render.js';

/** Where the components of a control plane answer on the machine that they share with the server. */
const PROBES = [
  { name: 'controller-manager', port: 10257 },
  { name: 'scheduler', port: 10259 },
] as const;
const TIMEOUT_MS = 5_000;

/** What a check found. */
interface Health {
  healthy: boolean;
  message: string;
}

/** Asks a component on this machine; its certificate is its own, so it is not checked. */
function probe(port: number): Promise<Health> {
  const url = `https://127.0.0.1:${port}/healthz`;
  return new Promise((resolve) => {
    const request = get(url, { rejectUnauthorized: false, timeout: TIMEOUT_MS, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk.slice(0, 1024 - body.length);
      });
      response.on('end', () => resolve({ healthy: response.statusCode === 200, message: body.trim() }));
      response.on('error', () => resolve({ healthy: false, message: `Get "${url}": EOF` }));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'ECONNREFUSED' ? `dial tcp 127.0.0.1:${port}: connect: connection refused` : error.message;
      resolve({ healthy: false, message: `Get "${url}": ${reason}` });
    });
  });
}

function statusOf(name: string, { healthy, message }: Health): StoredObject {
  const conditions = [{ type: 'Healthy', status: healthy ? 'True' : 'False', ...(message === '' ? {} : { message }) }];
  const object = { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions };
  const selectable = { labels: {}, fields: { 'metadata.name': name } };
  return { key: '', namespace: '', name, json: Buffer.from(JSON.stringify(object)), modRevision: 0, selectable, stale: false };
}

/**
 * Handlers of `componentstatuses`.
 *
 * @param checkStore - Rejects when the store cannot be reached.
 */
export function componentStatusHandlers(checkStore: () => void | Promise<void>): Readonly<Record<'get' | 'list', ResourceHandler>> {
  const checks = new Map<string, () => Promise<Health>>(PROBES.map(({ name, port }) => [name, () => probe(port)]));
  checks.set('etcd-0', async () => {
    try {
      await checkStore();
      return { healthy: true, message: 'ok' };
    } catch {
      return { healthy: false, message: 'the store cannot be reached' };
    }
  });
  return {
    async list(_server, context, scope) {
      const items = await Promise.all([...checks].map(async ([name, check]) => statusOf(name, await check())));
      await sendList(context, scope, items, {});
    },
    async get(_server, context, scope) {
      const check = checks.get(scope.name);
      if (check === undefined) {
        const message = `Component not found: ${scope.name}`;
        throw newStatusError(404, 'NotFound', message, { kind: 'componentstatuses', name: scope.name });
      }
      await sendStored(context, scope, 200, statusOf(scope.name, await check()));
    },
  };
}
