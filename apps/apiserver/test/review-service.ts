/** A service that answers reviews, and servers that ask it. */
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach } from 'vitest';
import { selfSigned } from './self-signed.js';
import type { ServerProcess } from './server-process.js';
import { useServers } from './started-servers.js';

export interface Review {
  kind: string;
  apiVersion: string;
  spec: {
    token?: string;
    user?: string;
    groups?: string[];
    resourceAttributes?: { verb?: string; resource?: string; name?: string };
  };
}

export interface ReviewService {
  readonly received: { path: string; review: Review }[];
  /** Answers to `/held` that were not given yet. */
  readonly held: { response: ServerResponse; allow(): void }[];
  /** A kubeconfig that leads to a path. */
  kubeconfig(path: string): string;
  close(): void;
}

/** Names of the paths: kubeconfig files of servers are called so too. */
const PATHS = ['allow', 'deny', 'broken', 'held', 'token'];

/**
 * Tokens `user-NAME` are NAME's; `/allow` allows, `/deny` denies what is called `secret` and has no opinion about the rest, `/broken`
 * fails, `/held` answers when a test says so.
 */
function statusOf(path: string, { kind, spec }: Review): object {
  if (kind === 'TokenReview') {
    const username = /^user-(.+)$/.exec(spec.token ?? '')?.[1];
    return username === undefined ? { authenticated: false } : { authenticated: true, user: { username, groups: ['people'] } };
  }
  if (path === '/deny') return { allowed: false, denied: spec.resourceAttributes?.name === 'secret', reason: 'not yours' };
  return { allowed: path === '/allow' || path === '/held' };
}

async function startReviewService(): Promise<ReviewService> {
  const pair = await selfSigned();
  const received: ReviewService['received'] = [];
  const held: ReviewService['held'] = [];
  const server = createServer(pair, (request, response) => {
    void (async () => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      const review = (await json(request)) as Review;
      received.push({ path, review });
      const answer = (): void => void response.end(JSON.stringify({ ...review, status: statusOf(path, review) }));
      if (path === '/broken') response.writeHead(404).end();
      else if (path === '/held') held.push({ response, allow: answer });
      else answer();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    received,
    held,
    kubeconfig(path) {
      const cluster = {
        server: `https://127.0.0.1:${port}/${path}`,
        'certificate-authority-data': Buffer.from(pair.cert).toString('base64'),
      };
      return JSON.stringify({
        'current-context': 'x',
        clusters: [{ name: 'x', cluster }],
        contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
        users: [{ name: 'x', user: {} }],
      });
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Starts a server; `DIR` in flags and files is its folder, and `DIR/NAME.kubeconfig` leads to `/NAME`. */
export type StartWithReviews = (flags: readonly string[], files?: Record<string, object>) => Promise<ServerProcess>;

/** Starts a service for the tests of a file, after which it ends; each test begins without reviews, and its servers end with it. */
export async function useReviewService(): Promise<{ service: ReviewService; start: StartWithReviews }> {
  const service = await startReviewService();
  const startServer = useServers();
  afterAll(() => service.close());
  afterEach(() => {
    service.received.length = 0;
    service.held.length = 0;
  });
  return {
    service,
    start: (flags, files = {}) =>
      startServer((dir) => {
        for (const name of PATHS) writeFileSync(join(dir, `${name}.kubeconfig`), service.kubeconfig(name));
        for (const [name, file] of Object.entries(files)) writeFileSync(join(dir, name), JSON.stringify(file).replaceAll('DIR', dir));
        return flags.map((flag) => flag.replace('DIR', dir));
      }),
  };
}

/** A webhook of an AuthorizationConfiguration that leads to `/NAME`. */
export function authorizationWebhook(name: string, more: object = {}): object {
  return {
    type: 'Webhook',
    name,
    webhook: {
      timeout: '30s',
      subjectAccessReviewVersion: 'v1',
      failurePolicy: 'Deny',
      connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: `DIR/${name}.kubeconfig` },
      ...more,
    },
  };
}

export function authorizationConfiguration(...authorizers: object[]): object {
  return { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers };
}
