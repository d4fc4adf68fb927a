import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `discovery.v1`, release 1.36, in the notation of `notation.ts`. */
export const discoveryV1Fields: FieldNumbers = {
  Endpoint: 'addresses conditions hostname targetRef deprecatedTopology nodeName zone hints',
  EndpointConditions: 'ready serving terminating',
  EndpointHints: 'forZones forNodes',
  EndpointPort: 'name protocol port appProtocol',
  EndpointSlice: 'metadata endpoints ports addressType',
  EndpointSliceList: 'metadata items',
  ForNode: 'name',
  ForZone: 'name',
};
