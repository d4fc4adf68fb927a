import type { KubeObject } from '@k/apimachinery';
import { PROTOCOLS } from './containers.js';
import type { FieldErrors } from './field-errors.js';
import { parseIp, validateIp, validateNonSpecialIp } from './ip-address.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Label, isDns1123Subdomain, isPortNumber, isQualifiedName } from './names.js';
import { validateLabels } from './selectors.js';

interface Address {
  ip?: string;
  hostname?: string;
  nodeName?: string;
}

interface Port {
  name?: string;
  port?: number;
  protocol?: string;
  appProtocol?: string;
}

interface Subset {
  addresses?: Address[];
  notReadyAddresses?: Address[];
  ports?: Port[];
}

function validateAddress({ ip = '', hostname = '', nodeName }: Address, at: string, errors: FieldErrors): void {
  validateIp(ip, `${at}.ip`, errors);
  if (hostname !== '') errors.invalidEach(`${at}.hostname`, hostname, isDns1123Label(hostname));
  if (nodeName !== undefined) errors.invalidEach(`${at}.nodeName`, nodeName, isDns1123Subdomain(nodeName));
  validateNonSpecialIp(ip, `${at}.ip`, errors);
}

function validatePort({ name = '', port = 0, protocol = '', appProtocol }: Port, named: boolean, at: string, errors: FieldErrors): void {
  if (name !== '') errors.invalidEach(`${at}.name`, name, isDns1123Label(name));
  else if (named) errors.required(`${at}.name`);
  errors.invalidEach(`${at}.port`, port, isPortNumber(port));
  if (protocol === '') errors.required(`${at}.protocol`);
  else errors.oneOf(`${at}.protocol`, protocol, PROTOCOLS);
  if (appProtocol !== undefined) errors.invalidEach(`${at}.appProtocol`, appProtocol, isQualifiedName(appProtocol));
}

/** `v1` endpoints. */
export const endpointsValidation: KindValidation = {
  metadataOnUpdate: 'both',
  create: (object, errors) => {
    ((object['subsets'] as Subset[] | undefined) ?? []).forEach((subset, i) => {
      const at = `subsets[${i}]`;
      const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
      if (addresses.length === 0 && notReadyAddresses.length === 0) {
        errors.required(at, 'must specify `addresses` or `notReadyAddresses`');
      }
      addresses.forEach((address, j) => {
        validateAddress(address, `${at}.addresses[${j}]`, errors);
      });
      notReadyAddresses.forEach((address, j) => {
        validateAddress(address, `${at}.notReadyAddresses[${j}]`, errors);
      });
      ports.forEach((port, j) => {
        validatePort(port, ports.length > 1, `${at}.ports[${j}]`, errors);
      });
    });
  },
};

interface Endpoint {
  addresses?: string[];
  hostname?: string;
  nodeName?: string;
  zone?: string;
  deprecatedTopology?: Record<string, string>;
  hints?: { forZones?: { name?: string }[]; forNodes?: { name?: string }[] };
}

const ENDPOINTS_MAX = 1000;
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;
const TOPOLOGY_MAX = 16;
const HINTS_MAX = 8;
const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];

function validateEndpointAddresses(addresses: string[], type: string, at: string, errors: FieldErrors): void {
  if (addresses.length === 0) errors.required(`${at}.addresses`, 'must contain at least 1 address');
  else if (addresses.length > ADDRESSES_MAX) errors.tooMany(`${at}.addresses`, addresses.length, ADDRESSES_MAX);
  addresses.forEach((address, i) => {
    const path = `${at}.addresses[${i}]`;
    if (type === 'FQDN') {
      const name = address.replace(/\.$/, '');
      const messages = isDns1123Subdomain(name);
      if (messages.length > 0) errors.invalid(path, address, messages.join(','));
      else if (!name.includes('.')) errors.invalid(path, address, 'should be a domain with at least two segments separated by dots');
      return;
    }
    if (!validateIp(address, path, errors)) return;
    const family = type === 'IPv4' ? 4 : 6;
    if (parseIp(address)?.family !== family) errors.invalid(path, address, `must be an ${type} address`);
    else validateNonSpecialIp(address, path, errors);
  });
}

function validateZones(zones: { name?: string }[], at: string, errors: FieldErrors): void {
  if (zones.length > HINTS_MAX) {
    errors.tooMany(at, zones.length, HINTS_MAX);
    return;
  }
  const seen = new Set<string>();
  zones.forEach(({ name = '' }, i) => {
    if (seen.has(name)) errors.duplicate(`${at}[${i}].name`, name);
    seen.add(name);
    if (name === '') errors.required(`${at}[${i}].name`);
  });
}

function validateEndpoint(endpoint: Endpoint, type: string, at: string, errors: FieldErrors): void {
  validateEndpointAddresses(endpoint.addresses ?? [], type, at, errors);
  const { hostname, nodeName, deprecatedTopology = {}, hints } = endpoint;
  if (nodeName !== undefined) errors.invalidEach(`${at}.nodeName`, nodeName, isDns1123Subdomain(nodeName));
  const topologySize = Object.keys(deprecatedTopology).length;
  if (topologySize > TOPOLOGY_MAX) errors.tooMany(`${at}.deprecatedTopology`, topologySize, TOPOLOGY_MAX);
  validateLabels(deprecatedTopology, `${at}.deprecatedTopology`, errors);
  if (hostname !== undefined) errors.invalidEach(`${at}.hostname`, hostname, isDns1123Label(hostname));
  if (hints?.forZones !== undefined) validateZones(hints.forZones, `${at}.hints.forZones`, errors);
  if (hints?.forNodes !== undefined) validateZones(hints.forNodes, `${at}.hints.forNodes`, errors);
}

function validateSlicePorts(ports: Port[], errors: FieldErrors): void {
  if (ports.length > PORTS_MAX) {
    errors.tooMany('ports', ports.length, PORTS_MAX);
    return;
  }
  const names = new Set<string>();
  ports.forEach(({ name = '', protocol, appProtocol }, i) => {
    const at = `ports[${i}]`;
    if (name !== '') errors.invalidEach(`${at}.name`, name, isDns1123Label(name));
    if (names.has(name)) errors.duplicate(`${at}.name`, name);
    names.add(name);
    if (protocol === undefined) errors.required(`${at}.protocol`);
    else errors.oneOf(`${at}.protocol`, protocol, PROTOCOLS);
    if (appProtocol !== undefined) errors.invalidEach(`${at}.appProtocol`, appProtocol, isQualifiedName(appProtocol));
  });
}

function validateSlice(object: KubeObject, errors: FieldErrors, type = (object['addressType'] as string | undefined) ?? ''): void {
  if (type === '') errors.required('addressType');
  else errors.oneOf('addressType', type, ADDRESS_TYPES);
  const endpoints = (object['endpoints'] as Endpoint[] | undefined) ?? [];
  if (endpoints.length > ENDPOINTS_MAX) errors.tooMany('endpoints', endpoints.length, ENDPOINTS_MAX);
  else {
    endpoints.forEach((endpoint, i) => {
      validateEndpoint(endpoint, type, `endpoints[${i}]`, errors);
    });
  }
  validateSlicePorts((object['ports'] as Port[] | undefined) ?? [], errors);
}

/** `discovery.k8s.io` endpoint slices. */
export const endpointSliceValidation: KindValidation = {
  create: validateSlice,
  metadataOnUpdate: 'both',
  update: (object, old, errors) => {
    // Addresses are held against the type that stays.
    validateSlice(object, errors, old['addressType'] as string);
    errors.immutable('addressType', object['addressType'], old['addressType']);
  },
};
