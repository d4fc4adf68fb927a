import type { KubeObject } from '@k/apimachinery';
import { deepEqual, type FieldErrors, IMMUTABLE } from './field-errors.js';
import { internalForm } from './internal-form.js';
import { canonicalIp, networkContains, parseCidr, parseIp, validateCidr } from './ip-address.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain, isPathSegment, isPortName, isPortNumber } from './names.js';
import { type Selector, validateSelector } from './selectors.js';

interface PolicyPort {
  port?: number | string;
  endPort?: number;
  protocol?: string;
}

interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr?: string; except?: string[] };
}

interface PolicySpec {
  podSelector?: Selector;
  ingress?: { ports?: PolicyPort[]; from?: Peer[] }[];
  egress?: { ports?: PolicyPort[]; to?: Peer[] }[];
  policyTypes?: string[];
}

function validatePort({ port, endPort, protocol }: PolicyPort, at: string, errors: FieldErrors): void {
  if (protocol !== undefined) errors.oneOf(`${at}.protocol`, protocol, ['TCP', 'UDP', 'SCTP']);
  if (typeof port === 'number') {
    errors.invalidEach(`${at}.port`, port, isPortNumber(port));
    if (endPort === undefined) return;
    // The value shown is the port's, as upstream has it.
    if (endPort < port) errors.invalid(`${at}.endPort`, port, 'must be greater than or equal to `port`');
    errors.invalidEach(`${at}.endPort`, endPort, isPortNumber(endPort));
    return;
  }
  if (endPort !== undefined) {
    const what = port === undefined ? 'is not specified' : 'is non-numeric';
    errors.invalid(`${at}.endPort`, endPort, `may not be specified when \`port\` ${what}`);
  }
  if (port !== undefined) errors.invalidEach(`${at}.port`, port, isPortName(port));
}

function validateIpBlock({ cidr = '', except = [] }: NonNullable<Peer['ipBlock']>, at: string, errors: FieldErrors): void {
  if (cidr === '') {
    errors.required(`${at}.cidr`);
    return;
  }
  validateCidr(cidr, `${at}.cidr`, errors);
  const network = parseCidr(cidr);
  if (network === null) return;
  except.forEach((text, i) => {
    const path = `${at}.except[${i}]`;
    validateCidr(text, path, errors);
    const inner = parseCidr(text);
    if (inner !== null && (!networkContains(network, inner) || network.bits >= inner.bits)) {
      errors.invalid(path, text, 'must be a strict subset of `cidr`');
    }
  });
}

function validatePeer(peer: Peer, at: string, errors: FieldErrors): void {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  validateSelector(podSelector, `${at}.podSelector`, errors);
  validateSelector(namespaceSelector, `${at}.namespaceSelector`, errors);
  if (ipBlock !== undefined) {
    validateIpBlock(ipBlock, `${at}.ipBlock`, errors);
    if (podSelector !== undefined || namespaceSelector !== undefined) {
      errors.forbidden(at, 'may not specify both ipBlock and another peer');
    }
  } else if (podSelector === undefined && namespaceSelector === undefined) errors.required(at, 'must specify a peer');
}

/** Network policies. */
export const networkPolicyValidation: KindValidation = {
  create: (object, errors) => {
    const spec = (object['spec'] as PolicySpec | undefined) ?? {};
    validateSelector(spec.podSelector, 'spec.podSelector', errors);
    const direction = (at: string, ports: PolicyPort[] = [], peers: Peer[] = [], side: string): void => {
      ports.forEach((port, i) => {
        validatePort(port, `${at}.ports[${i}]`, errors);
      });
      peers.forEach((peer, i) => {
        validatePeer(peer, `${at}.${side}[${i}]`, errors);
      });
    };
    spec.ingress?.forEach(({ ports, from }, i) => {
      direction(`spec.ingress[${i}]`, ports, from, 'from');
    });
    spec.egress?.forEach(({ ports, to }, i) => {
      direction(`spec.egress[${i}]`, ports, to, 'to');
    });
    const { policyTypes = [] } = spec;
    if (policyTypes.length > 2) return errors.invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes');
    policyTypes.forEach((type, i) => {
      errors.oneOf(`spec.policyTypes[${i}]`, type, ['Ingress', 'Egress']);
    });
  },
};

interface ParentReference {
  group?: string;
  resource?: string;
  namespace?: string;
  name?: string;
}

function parentOf(object: KubeObject): ParentReference | undefined {
  return (object['spec'] as { parentRef?: ParentReference } | undefined)?.parentRef;
}

/** IP addresses of services, named by themselves. */
export const ipAddressValidation: KindValidation = {
  nameRule: (name) => {
    if (parseIp(name) === null) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
    const canonical = canonicalIp(name);
    return canonical === name ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
  },
  create: (object, errors) => {
    const parent = parentOf(object);
    const at = 'spec.parentRef';
    if (parent === undefined) return errors.required(at);
    const { group = '', resource = '', namespace = '', name = '' } = parent;
    if (group !== '') errors.invalidEach(`${at}.group`, group, isDns1123Subdomain(group));
    if (resource === '') errors.required(`${at}.resource`);
    else errors.invalidEach(`${at}.resource`, resource, isPathSegment(resource));
    if (name === '') errors.required(`${at}.name`);
    else errors.invalidEach(`${at}.name`, name, isPathSegment(name));
    if (namespace !== '') errors.invalidEach(`${at}.namespace`, namespace, isPathSegment(namespace));
  },
  update: (object, old, errors) => {
    const parent = parentOf(object);
    if (deepEqual(parent, parentOf(old))) return;
    errors.invalid('spec.parentRef', parent === undefined ? null : internalForm('ParentReference', parent), IMMUTABLE);
  },
};

function cidrsOf(object: KubeObject): string[] {
  return (object['spec'] as { cidrs?: string[] } | undefined)?.cidrs ?? [];
}

function validateCidrs(object: KubeObject, errors: FieldErrors): void {
  const cidrs = cidrsOf(object);
  const at = 'spec.cidrs';
  if (cidrs.length === 0) {
    errors.required(at, 'at least one CIDR required');
    return;
  }
  if (cidrs.length > 2) {
    errors.invalid(at, { CIDRs: cidrs }, 'may only hold up to 2 values');
    return;
  }
  cidrs.forEach((cidr, i) => {
    validateCidr(cidr, `${at}[${i}]`, errors);
  });
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.family);
  if (cidrs.length === 2 && first !== undefined && first === second) {
    errors.invalid(at, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64');
  }
}

/** Ranges of service addresses. */
export const serviceCidrValidation: KindValidation = {
  create: validateCidrs,
  update: (object, old, errors) => {
    const cidrs = cidrsOf(object);
    const before = cidrsOf(old);
    const grows = before.length === 1 && cidrs.length === 2;
    if (cidrs.length !== before.length && !grows) return errors.invalid('spec.cidrs', cidrs, IMMUTABLE);
    before.forEach((cidr, i) => {
      if (cidr !== cidrs[i]) errors.invalid(`spec.cidrs[${i}]`, cidrs[i], IMMUTABLE);
    });
    if (grows) validateCidrs(object, errors);
  },
};
