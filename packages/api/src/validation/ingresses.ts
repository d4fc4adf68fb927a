import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import { parseIp, validateIp } from './ip-address.js';
import type { KindValidation } from './kind-validation.js';
import {
  domainPrefixedPathErrors,
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegment,
  isPortName,
  isPortNumber,
  isWildcardDns1123Subdomain,
} from './names.js';

interface ObjectReference {
  apiGroup?: string;
  kind?: string;
  name?: string;
  scope?: string;
  namespace?: string;
}

interface Backend {
  service?: { name?: string; port?: { name?: string; number?: number } };
  resource?: ObjectReference;
}

interface Path {
  path?: string;
  pathType?: string;
  backend?: Backend;
}

interface IngressSpec {
  ingressClassName?: string;
  defaultBackend?: Backend;
  rules?: { host?: string; http?: { paths?: Path[] } }[];
  tls?: { hosts?: string[]; secretName?: string }[];
}

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_ENDINGS = ['/..', '/.'];
const CONTROLLER_BYTES_MAX = 250;

function validateReference(reference: ObjectReference, at: string, errors: FieldErrors): void {
  const { apiGroup, kind = '', name = '' } = reference;
  if (apiGroup !== undefined) errors.invalidEach(`${at}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup));
  if (kind === '') errors.required(`${at}.kind`);
  else errors.invalidEach(`${at}.kind`, kind, isPathSegment(kind));
  if (name === '') errors.required(`${at}.name`);
  else errors.invalidEach(`${at}.name`, name, isPathSegment(name));
}

function validateBackend({ service, resource }: Backend, at: string, errors: FieldErrors): void {
  if (service !== undefined && resource !== undefined) {
    errors.invalid(at, '', 'cannot set both resource and service backends');
    return;
  }
  if (resource !== undefined) {
    validateReference(resource, `${at}.resource`, errors);
    return;
  }
  if (service === undefined) {
    errors.invalid(at, '', 'resource or service backend is required');
    return;
  }
  const { name = '', port } = service;
  const { name: portName = '', number = 0 } = port ?? {};
  if (name === '') errors.required(`${at}.service.name`);
  else errors.invalidEach(`${at}.service.name`, name, isDns1123Label(name));
  if (portName !== '' && number !== 0) errors.invalid(at, '', 'cannot set both port name & port number');
  else if (portName !== '') errors.invalidEach(`${at}.service.port.name`, portName, isPortName(portName));
  else if (number !== 0) errors.invalidEach(`${at}.service.port.number`, number, isPortNumber(number));
  else errors.required(at, 'port name or number is required');
}

function validatePath({ path = '', pathType, backend = {} }: Path, at: string, errors: FieldErrors): void {
  if (pathType === undefined) {
    errors.required(`${at}.pathType`, 'pathType must be specified');
    return;
  }
  const where = `${at}.path`;
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!path.startsWith('/')) errors.invalid(where, path, 'must be an absolute path');
    for (const sequence of BAD_SEQUENCES) if (path.includes(sequence)) errors.invalid(where, path, `must not contain '${sequence}'`);
    for (const ending of BAD_ENDINGS) if (path.endsWith(ending)) errors.invalid(where, path, `cannot end with '${ending}'`);
  } else if (pathType === 'ImplementationSpecific') {
    if (path !== '' && !path.startsWith('/')) errors.invalid(where, path, 'must be an absolute path');
  } else errors.notSupported(`${at}.pathType`, pathType, PATH_TYPES);
  validateBackend(backend, `${at}.backend`, errors);
}

function hostMessages(host: string): string[] {
  return host.includes('*') ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host);
}

function validateSpec(spec: IngressSpec, errors: FieldErrors): void {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined) {
    errors.invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified');
  }
  if (defaultBackend !== undefined) validateBackend(defaultBackend, 'spec.defaultBackend', errors);
  rules.forEach(({ host = '', http }, i) => {
    const at = `spec.rules[${i}]`;
    if (host !== '') {
      if (parseIp(host) !== null) errors.invalid(`${at}.host`, host, 'must be a DNS name, not an IP address');
      errors.invalidEach(`${at}.host`, host, hostMessages(host));
    }
    if (http === undefined) return;
    const paths = http.paths ?? [];
    if (paths.length === 0) errors.required(`${at}.http.paths`);
    paths.forEach((path, j) => {
      validatePath(path, `${at}.http.paths[${j}]`, errors);
    });
  });
  tls.forEach(({ hosts = [], secretName = '' }, i) => {
    hosts.forEach((host, j) => {
      errors.invalidEach(`spec.tls[${i}].hosts[${j}]`, host, hostMessages(host));
    });
    if (secretName !== '') errors.invalidEach(`spec.tls[${i}].secretName`, secretName, isDns1123Subdomain(secretName));
  });
  if (ingressClassName !== undefined) {
    errors.invalidEach('spec.ingressClassName', ingressClassName, isDns1123Subdomain(ingressClassName));
  }
}

/** Ingresses. */
export const ingressValidation: KindValidation = {
  create: (object, errors) => {
    const spec = (object['spec'] as IngressSpec | undefined) ?? {};
    validateSpec(spec, errors);
    const annotation = object.metadata?.annotations?.[CLASS_ANNOTATION];
    if (annotation !== undefined && spec.ingressClassName !== undefined && annotation !== spec.ingressClassName) {
      const detail = 'must match `ingressClassName` when both are specified';
      errors.invalid(`annotations.${CLASS_ANNOTATION}`, annotation, detail);
    }
  },
  metadataOnUpdate: 'both',
  update: (object, _old, errors) => validateSpec((object['spec'] as IngressSpec | undefined) ?? {}, errors),
  subresources: {
    status: (object, _old, errors) => {
      const status = object['status'] as { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } } | undefined;
      status?.loadBalancer?.ingress?.forEach(({ ip = '', hostname = '' }, i) => {
        const at = `status.loadBalancer.ingress[${i}]`;
        if (ip !== '') validateIp(ip, `${at}.ip`, errors);
        if (hostname === '') return;
        errors.invalidEach(`${at}.hostname`, hostname, isDns1123Subdomain(hostname));
        if (parseIp(hostname) !== null) errors.invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address');
      });
    },
  },
};

interface ClassSpec {
  controller?: string;
  parameters?: ObjectReference;
}

function validateParameters(parameters: ObjectReference | undefined, at: string, errors: FieldErrors): void {
  if (parameters === undefined) return;
  validateReference(parameters, at, errors);
  const { scope, namespace } = parameters;
  if (scope === undefined) {
    errors.required(`${at}.scope`);
    return;
  }
  if (scope === 'Namespace') {
    if (namespace === undefined) errors.required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'");
    else errors.invalidEach(`${at}.namespace`, namespace, isDns1123Label(namespace));
  } else if (scope === 'Cluster') {
    if (namespace !== undefined) errors.forbidden(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'");
  } else errors.notSupported(`${at}.scope`, scope, ['Cluster', 'Namespace']);
}

function validateClass(object: KubeObject, errors: FieldErrors): void {
  const { controller = '', parameters } = (object['spec'] as ClassSpec | undefined) ?? {};
  const at = 'spec.controller';
  const problems = domainPrefixedPathErrors(controller);
  if (problems === 'required') errors.required(at);
  else {
    if (Buffer.byteLength(controller) > CONTROLLER_BYTES_MAX) errors.tooLong(at, CONTROLLER_BYTES_MAX);
    for (const { value, text } of problems) errors.invalid(at, value, text);
  }
  validateParameters(parameters, 'spec.parameters', errors);
}

/** Ingress classes. */
export const ingressClassValidation: KindValidation = {
  create: validateClass,
  metadataOnUpdate: 'both',
  update: (object, old, errors) => {
    const controller = (value: KubeObject): string => (value['spec'] as ClassSpec | undefined)?.controller ?? '';
    errors.immutable('spec.controller', controller(object), controller(old));
    validateClass(object, errors);
  },
};
