/** A server with a node whose kubelet is a stand-in, and pods on it. */

import type { ClientRequest } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import { startTestServer, type TestServer, type TestServerOptions } from '../../src/testing.js';
import { createAuthority } from './authority.js';
import { ownAddress, type StandIn, startKubelet, startPodServer } from './kubelet.js';
import { Requests } from './requests.js';

export const CORE = '/api/v1/namespaces/default';

/** A node's status: the kubelet's address and port. */
export function nodeStatus(port: number, addresses: [type: string, address: string][], more: object = {}): object {
  return {
    addresses: addresses.map(([type, address]) => ({ type, address })),
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    ...more,
  };
}

export class ConnectingServer {
  server!: TestServer;
  kubelet!: StandIn;
  pods!: StandIn;
  readonly requests: Requests = new Requests(() => this.server);

  async start(options: TestServerOptions): Promise<void> {
    const [kubelets, apiServers] = await Promise.all([createAuthority('kubelet-ca'), createAuthority('kubelet-client-ca')]);
    const client = await apiServers.issue('kube-apiserver');
    this.kubelet = await startKubelet(await kubelets.issue('node', ['localhost', ownAddress()]), apiServers.pem);
    this.pods = await startPodServer();
    const kubelet = { certificateAuthority: kubelets.pem, clientCertificate: async () => client };
    this.server = await startTestServer({ kubelet, ...options });
    await this.requests.until(`GET ${CORE}/serviceaccounts/default`, 200);
  }

  async stop(): Promise<void> {
    await this.server?.close();
    await Promise.all([this.kubelet?.close(), this.pods?.close()]);
  }

  /** @returns The name of a node with the stand-in for a kubelet. */
  async node(
    status: object = nodeStatus(this.kubelet.port, [
      ['Hostname', 'localhost'],
      ['InternalIP', ownAddress()],
    ]),
  ): Promise<string> {
    const name = this.requests.fresh('node');
    await this.requests.ok('POST /api/v1/nodes', { metadata: { name }, status });
    return name;
  }

  /** @returns The name of a pod. */
  async pod(spec: object, ip?: string): Promise<string> {
    const name = this.requests.fresh('pod');
    await this.requests.ok(`POST ${CORE}/pods`, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
    if (ip === undefined) return name;
    const status = { podIP: ip, podIPs: [{ ip }] };
    await this.requests.ok(`PATCH ${CORE}/pods/${name}/status`, { status });
    return name;
  }

  /** Begins a request over HTTP/1.1. */
  open(method: string, path: string, headers: Record<string, string> = {}, body = ''): ClientRequest {
    const { hostname, port } = new URL(this.server.url);
    const request = requestHttps({
      ...{ host: hostname, port, method, path, ca: this.server.ca, agent: false },
      headers: { authorization: `Bearer ${this.server.token}`, ...headers },
    });
    request.on('error', () => {});
    request.end(body);
    return request;
  }

  /** Asks for another protocol over HTTP/1.1. */
  upgrade(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Upgraded> {
    const request = this.open(method, path, { connection: 'Upgrade', ...headers }, body);
    return new Promise((resolve, reject) => {
      request.once('error', reject);
      request.once('upgrade', (answer, socket, head) => {
        resolve({ status: 101, headers: answer.headers, text: head.toString('utf8'), socket: socket as Socket });
      });
      request.once('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, socket: null }));
      });
    });
  }
}

/** The answer to a request for another protocol. */
export interface Upgraded {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Of the body, or what came with the head. */
  text: string;
  /** Null when the connection did not go on. */
  socket: Socket | null;
}

/** For the tests of a file: started before them, ended after them. */
export function useConnectingServer(options: TestServerOptions = {}): ConnectingServer {
  const parts = new ConnectingServer();
  beforeAll(() => parts.start(options));
  afterAll(() => parts.stop());
  return parts;
}
