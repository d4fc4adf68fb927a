/** Requests from a seed: valid ones with one or several things wrong, and plain noise. */

import { FIELDS, ODD } from './random-values.js';
import { ACCEPTS, KEYS, METHODS, RESOURCES, SEGMENTS, SUBRESOURCES, TYPES, VALUES } from './random-words.js';

/** One request. */
export interface RandomRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** A small generator of pseudo-random numbers, the same for the same seed everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes the generator of requests. */
export function randomRequests(seed: number): () => RandomRequest {
  const random = seeded(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const chance = (p: number): boolean => random() < p;

  const podSpec = (): object => ({
    containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] }],
  });
  const template = (): object => ({ metadata: { labels: { app: 'x' } }, spec: podSpec() });
  const valid = (resource: string, given: string): Record<string, unknown> => {
    const name = chance(0.9) ? given : `n-${below(50)}`;
    const object: Record<string, unknown> = { metadata: { name, labels: { app: 'x' } } };
    if (resource.endsWith('configmaps')) object['data'] = { k: 'v' };
    else if (resource.endsWith('pods')) object['spec'] = podSpec();
    else if (resource.endsWith('services')) object['spec'] = { ports: [{ port: 80 }], selector: { app: 'x' } };
    else if (resource.endsWith('deployments') || resource.endsWith('statefulsets')) {
      object['spec'] = { replicas: 1, selector: { matchLabels: { app: 'x' } }, template: template() };
    } else if (resource.endsWith('/jobs')) object['spec'] = { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } };
    else if (resource.endsWith('controllerrevisions')) Object.assign(object, { revision: 1, data: { any: [1, { deep: true }] } });
    else if (resource.endsWith('roles')) object['rules'] = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    else if (resource.endsWith('leases')) object['spec'] = { holderIdentity: 'x' };
    return object;
  };

  const noise = (depth: number): unknown => {
    if (depth <= 0 || chance(0.4)) return pick(ODD);
    if (chance(0.3)) return Array.from({ length: below(4) }, () => noise(depth - 1));
    const out: Record<string, unknown> = {};
    for (let i = below(5); i > 0; i--) {
      Object.defineProperty(out, pick(FIELDS), { value: noise(depth - 1), enumerable: true, configurable: true, writable: true });
    }
    return out;
  };

  /** Changes some places of a value into something else. */
  const mutate = (value: unknown, rate: number): unknown => {
    if (chance(rate)) return chance(0.5) ? pick(ODD) : noise(3);
    if (Array.isArray(value)) return value.map((item) => mutate(item, rate));
    if (typeof value !== 'object' || value === null) return value;
    const out: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (chance(rate / 2)) continue;
      Object.defineProperty(out, chance(rate / 2) ? pick(FIELDS) : key, {
        value: mutate(item, rate),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    if (chance(rate)) Object.defineProperty(out, pick(FIELDS), { value: noise(2), enumerable: true, configurable: true, writable: true });
    return out;
  };

  const operations = (): unknown =>
    Array.from({ length: below(4) }, () => ({
      op: pick(['add', 'remove', 'replace', 'copy', 'move', 'test', 'jump', '']),
      path: pick([
        '/metadata/labels/x',
        '/data/k',
        '/spec',
        '',
        '/',
        '/metadata/finalizers/-',
        '/spec/containers/-1',
        '/__proto__/x',
        '/a~0b~1c',
        'data/x',
        '/metadata/name',
      ]),
      ...(chance(0.5) ? { value: pick(ODD) } : {}),
      ...(chance(0.4) ? { from: pick(['/data', '/metadata', '/none', '', '/spec/containers/0']) } : {}),
    }));

  const text = (type: string, resource: string, name: string): string => {
    if (chance(0.03))
      return pick([
        '',
        'null',
        '[]',
        '{',
        '"',
        '{"a":}',
        '{"a":1,"a":2}',
        '[1e999]',
        '\ufeff{}',
        '---\n- a\n',
        'a: &a [*a]',
        '{"a":\u0001}',
        '{}{}',
        'x: {y: }',
        '\t',
      ]);
    if (chance(0.001)) return '['.repeat(20_000) + ']'.repeat(20_000);
    if (chance(0.001)) return `{"metadata":{"name":"deep"},"data":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}`;
    if (type.includes('json-patch')) return JSON.stringify(chance(0.8) ? operations() : noise(3));
    const object = valid(resource, name);
    if (type.includes('apply')) {
      Object.assign(object, chance(0.9) ? { apiVersion: versionOf(resource), kind: kindOf(resource) } : {});
    }
    const json = JSON.stringify(chance(0.15) ? noise(4) : mutate(object, pick([0, 0.02, 0.08, 0.2]))) ?? 'null';
    if (chance(0.02)) return json.slice(0, below(json.length + 1));
    return chance(0.02) ? json.replace(/"v"/, pick(['8e1', '1e999', '123456789012345678901234567890', '-0', '"\\ud800"', '01'])) : json;
  };

  const bytes = (type: string, resource: string, name: string): Buffer => {
    const body = Buffer.from(text(type, resource, name), 'utf8');
    // Some bytes that are no UTF-8, and some that are plain noise.
    if (chance(0.02) && body.length > 0) body[below(body.length)] = below(256);
    return chance(0.01) ? Buffer.from(Array.from({ length: below(64) }, () => below(256))) : body;
  };

  const query = (): string => {
    if (chance(0.75)) return '';
    const parts = Array.from(
      { length: 1 + below(4) },
      () => `${pick(KEYS)}=${chance(0.5) ? encodeURIComponent(pick(VALUES)) : pick(VALUES)}`,
    );
    return `?${parts.join(pick(['&', '&', '&', ';']))}`;
  };

  const PATCH_TYPES = TYPES.filter((type) => type.includes('patch'));
  const NAMES = Array.from({ length: 20 }, (_, i) => `n-${i}`);

  return () => {
    const resource = pick(RESOURCES);
    const slips = (): boolean => chance(0.08);
    const intent = pick(['POST', 'POST', 'GET', 'LIST', 'PUT', 'PUT', 'PATCH', 'PATCH', 'PATCH', 'PATCH', chance(0.3) ? 'DELETE' : 'PUT']);
    const method = slips() ? pick(METHODS) : intent === 'LIST' ? 'GET' : intent;
    const isNamed = intent !== 'POST' && intent !== 'LIST';
    const name = slips() ? pick(SEGMENTS) : pick(NAMES);
    const path = chance(0.04)
      ? `/${Array.from({ length: below(9) }, () => pick(SEGMENTS)).join('/')}`
      : `${resource}${isNamed !== slips() ? `/${name}` : ''}${chance(0.15) ? pick(SUBRESOURCES) : ''}`;
    const type = slips() ? pick(TYPES) : intent === 'PATCH' ? pick(PATCH_TYPES) : 'application/json';
    const headers: Record<string, string> = {
      accept: chance(0.15) ? pick(ACCEPTS) : 'application/json',
      'user-agent': pick(['fuzz/1', 'fuzz/1', '', 'curl/8', 'é', 'x'.repeat(300)]),
    };
    if (type !== '') headers['content-type'] = type;
    if (chance(0.1)) headers['accept-encoding'] = pick(['gzip', 'br', 'gzip;q=0', '*']);
    const manager = type.includes('apply') && !slips() ? 'fieldManager=fuzz' : '';
    const search = query();
    const url = `${path}${manager === '' ? search : search === '' ? `?${manager}` : `${search}&${manager}`}`;
    const isEmpty = method === 'GET' || (method === 'DELETE' && chance(0.7));
    return { method, url, headers, body: isEmpty ? Buffer.alloc(0) : bytes(type, resource, name) };
  };
}

function versionOf(resource: string): string {
  const [, prefix, group = '', version = ''] = resource.split('/');
  return prefix === 'api' ? 'v1' : `${group}/${version}`;
}

function kindOf(resource: string): string {
  const kinds: Readonly<Record<string, string>> = {
    configmaps: 'ConfigMap',
    secrets: 'Secret',
    pods: 'Pod',
    services: 'Service',
    deployments: 'Deployment',
    leases: 'Lease',
  };
  return kinds[resource.slice(resource.lastIndexOf('/') + 1)] ?? 'ConfigMap';
}
