import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `apidiscovery.v2`, release 1.36, in the notation of `notation.ts`. */
export const apidiscoveryV2Fields: FieldNumbers = {
  APIGroupDiscovery: 'metadata versions',
  APIGroupDiscoveryList: 'metadata items',
  APIResourceDiscovery: 'resource responseKind scope singularResource verbs shortNames categories subresources',
  APISubresourceDiscovery: 'subresource responseKind acceptedTypes verbs',
  APIVersionDiscovery: 'version resources freshness',
};
