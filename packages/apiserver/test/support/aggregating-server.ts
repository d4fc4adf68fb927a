/** A server with an extension behind it, both real, and what registers the one with the other. */
import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { TestServer, TestServerOptions } from '../../src/testing.js';
import { startTestServer } from '../../src/testing.js';
import { type Authority, createAuthority } from './authority.js';
import { type ExtensionServer, GROUP, startExtensionServer } from './extension-server.js';

export const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
export const WAIT = { timeout: 30_000, interval: 20 };
const SERVICE = { name: 'notes', namespace: 'default', port: 443 };

export interface Registration {
  group?: string;
  version?: string;
  spec?: object;
}

export class AggregatingServer {
  server!: TestServer;
  extension!: ExtensionServer;
  ca!: Authority;
  frontProxy!: Authority;

  async start(options: TestServerOptions): Promise<void> {
    [this.ca, this.frontProxy] = await Promise.all([createAuthority('extension-ca'), createAuthority('front-proxy-ca')]);
    const proxyClient = await this.frontProxy.issue('front-proxy-client');
    this.extension = await startExtensionServer(await this.ca.issue('notes', ['notes.default.svc']), this.frontProxy.pem);
    this.server = await startTestServer({ ...options, aggregation: { proxyClient: async () => proxyClient, ...options.aggregation } });
  }

  async stop(): Promise<void> {
    await this.server?.close();
    await this.extension?.close();
  }

  /** The service and its one address. */
  async publishService(port: number = this.extension.port): Promise<void> {
    const { client } = this.server.server;
    await client.create('', 'services', {
      metadata: { name: SERVICE.name, namespace: SERVICE.namespace },
      spec: { type: 'ClusterIP', clusterIP: '10.0.0.99', ports: [{ name: 'https', port: 443, targetPort: port, protocol: 'TCP' }] },
    });
    await this.publishEndpoints(port);
  }

  async publishEndpoints(port: number = this.extension.port): Promise<void> {
    await this.server.server.client.create('discovery.k8s.io', 'endpointslices', {
      metadata: { name: 'notes-1', namespace: SERVICE.namespace, labels: { 'kubernetes.io/service-name': SERVICE.name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    });
  }

  async withdrawService(): Promise<void> {
    const { client } = this.server.server;
    await client.remove('', 'services', SERVICE.namespace, SERVICE.name);
    await client.remove('discovery.k8s.io', 'endpointslices', SERVICE.namespace, 'notes-1');
  }

  /** Creates an APIService as an administrator does. */
  async register({ group = GROUP, version = 'v1', spec = {} }: Registration = {}): Promise<void> {
    const body = {
      metadata: { name: `${version}.${group}` },
      spec: {
        ...{
          group,
          version,
          groupPriorityMinimum: 2000,
          versionPriority: 10,
          service: { name: SERVICE.name, namespace: SERVICE.namespace },
        },
        ...('insecureSkipTLSVerify' in spec ? {} : { caBundle: Buffer.from(this.ca.pem).toString('base64') }),
        ...spec,
      },
    };
    const { status, text } = await this.server.client.request('POST', API_SERVICES, { body });
    if (status !== 201) throw new Error(`${status} ${text}`);
  }

  async unregister(group: string = GROUP, version: string = 'v1'): Promise<void> {
    await this.server.client.request('DELETE', `${API_SERVICES}/${version}.${group}`);
  }

  /** Status, reason and message of the condition `Available`. */
  async condition(group: string = GROUP, version: string = 'v1'): Promise<unknown[]> {
    const { body } = await this.server.client.request<{ status?: { conditions?: Record<string, string>[] } }>(
      'GET',
      `${API_SERVICES}/${version}.${group}`,
    );
    const condition = body.status?.conditions?.find(({ type }) => type === 'Available');
    return [condition?.['status'], condition?.['reason'], condition?.['message']];
  }

  /** Says that a server is available, whatever checks have found, until the next one. */
  async callAvailable(): Promise<void> {
    const condition = { type: 'Available', status: 'True', reason: 'Passed', message: 'all checks passed' };
    const body = { status: { conditions: [condition] } };
    await this.server.client.request('PATCH', `${API_SERVICES}/v1.${GROUP}/status`, { body });
  }

  async untilAvailable(group: string = GROUP, version: string = 'v1'): Promise<void> {
    const passed = ['True', 'Passed', 'all checks passed'];
    await vi.waitFor(async () => expect(await this.condition(group, version)).toEqual(passed), WAIT);
  }

  /** Resolves when aggregated discovery shows the group version as current. */
  async untilDiscovered(group: string = GROUP): Promise<void> {
    await vi.waitFor(async () => expect((await this.discovered(group))?.freshness).toBe('Current'), WAIT);
  }

  /** The first version of a group in aggregated discovery. */
  async discovered(group: string = GROUP): Promise<{ version: string; freshness: string; resources?: object[] } | undefined> {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    type List = { items: { metadata: { name: string }; versions: { version: string; freshness: string }[] }[] };
    const { body } = await this.server.client.request<List>('GET', '/apis', { headers: { accept } });
    return body.items.find(({ metadata }) => metadata.name === group)?.versions[0];
  }
}

/** For the tests of a file: started before them, ended after them. */
export function useAggregatingServer(options: TestServerOptions = {}): AggregatingServer {
  const parts = new AggregatingServer();
  beforeAll(() => parts.start(options));
  afterAll(() => parts.stop());
  return parts;
}
