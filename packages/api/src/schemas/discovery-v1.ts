import type { SchemaTable } from './notation.js';

/** Shapes of `discovery.v1`, release 1.36, in the notation of `notation.ts`. */
export const discoveryV1Schemas = (): SchemaTable => ({
  Endpoint: {
    addresses: '[]string set required',
    conditions: 'EndpointConditions default({})',
    deprecatedTopology: '{}string',
    hints: 'EndpointHints',
    hostname: 'string',
    nodeName: 'string',
    targetRef: 'core.v1/ObjectReference',
    zone: 'string',
  },
  EndpointConditions: {
    ready: 'bool',
    serving: 'bool',
    terminating: 'bool',
  },
  EndpointHints: {
    forNodes: '[]ForNode atomic',
    forZones: '[]ForZone atomic',
  },
  EndpointPort: {
    '@map': 'atomic',
    appProtocol: 'string',
    name: 'string',
    port: 'int32',
    protocol: 'string enum(SCTP,TCP,UDP)',
  },
  EndpointSlice: {
    addressType: 'string required enum(FQDN,IPv4,IPv6) default("")',
    apiVersion: 'string',
    endpoints: '[]Endpoint atomic',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    ports: '[]EndpointPort atomic',
  },
  EndpointSliceList: {
    apiVersion: 'string',
    items: '[]EndpointSlice required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  ForNode: {
    name: 'string required default("")',
  },
  ForZone: {
    name: 'string required default("")',
  },
});
