import type { SchemaTable } from './notation.js';

/** Shapes of `apiregistration.v1`, release 1.36, in the notation of `notation.ts`. */
export const apiregistrationV1Schemas = (): SchemaTable => ({
  APIService: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'APIServiceSpec default({})',
    status: 'APIServiceStatus default({})',
  },
  APIServiceCondition: {
    '@required': 'type,status',
    lastTransitionTime: 'time',
    message: 'string',
    reason: 'string',
    status: 'string required default("")',
    type: 'string required default("")',
  },
  APIServiceList: {
    apiVersion: 'string',
    items: '[]APIService required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  APIServiceSpec: {
    caBundle: 'byte atomic',
    group: 'string',
    groupPriorityMinimum: 'int32 required default(0)',
    insecureSkipTLSVerify: 'bool',
    service: 'ServiceReference',
    version: 'string',
    versionPriority: 'int32 required default(0)',
  },
  APIServiceStatus: {
    conditions: '[]APIServiceCondition map(type) patch(merge) key(type)',
  },
  ServiceReference: {
    name: 'string',
    namespace: 'string',
    port: 'int32',
  },
});
