/** Custom resources in a real server, and their definitions in few words. */
import { expect } from 'vitest';
import type { TestAnswer } from '../../src/testing.js';
import { useServer, type Wishes } from './requests.js';

export type Json = Record<string, unknown>;

/** What the tests look at in an answer. */
export interface Answer {
  message?: string;
  spec?: Json;
  status?: { storedVersions?: string[]; acceptedNames?: Json; conditions?: { type: string; status: string }[] };
  metadata: { generation?: number; finalizers?: string[]; labels?: Json };
  items?: { metadata: { name: string } }[];
  resources?: { name: string; shortNames?: string[] }[];
}

export const GROUP = 'shop.example.com';
export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** The schema of an object. */
export const object = (properties: Json, more: Json = {}): Json => ({ type: 'object', properties, ...more });

/** A version with a status of one number: v1, served and stored, unless told otherwise. */
export const version = (spec: Json, more: Json = {}): Json => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: object({ spec, status: object({ n: { type: 'integer' } }) }) },
  ...more,
});

/** A CustomResourceDefinition of the group. */
export const definition = (plural: string, kind: string, versions: Json[], names: Json = {}): Json => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${GROUP}` },
  spec: { group: GROUP, scope: 'Namespaced', names: { plural, kind, ...names }, versions },
});

/** Path of an object in the namespace `default`; of all of them without a name. */
export const pathOf = (plural: string, name = '', served = 'v1'): string =>
  `/apis/${GROUP}/${served}/namespaces/default/${plural}${name === '' ? '' : `/${name}`}`;

/** Reads until the value is as wanted. @throws when it does not come about in 20 s. */
export async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (let i = 0; i < 800; i++) {
    const value = await read();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('did not come about in 20 s');
}

/** Requests to a server with custom resources. */
export interface CustomKinds {
  call(method: string, path: string, body?: unknown, wishes?: Wishes): Promise<TestAnswer<Answer>>;
  /** Makes a definition; resolves when v1 is served. */
  define(plural: string, kind: string, versions: Json[], names?: Json): Promise<void>;
  /** Creates an object of v1. */
  make(plural: string, kind: string, name: string, spec: unknown, more?: Json): Promise<TestAnswer<Answer>>;
}

/** Starts a server before the tests of a file and ends it after them. */
export function useCustomKinds(): CustomKinds {
  const requests = useServer();
  const call: CustomKinds['call'] = (method, path, body, wishes = {}) =>
    requests.server.client.request<Answer>(method, path, { ...(body === undefined ? {} : { body }), ...wishes });
  return {
    call,
    async define(plural, kind, versions, names = {}) {
      const { status, body } = await call('POST', CRDS, definition(plural, kind, versions, names));
      expect([status, body.message]).toEqual([201, undefined]);
      await until(
        () => call('GET', pathOf(plural)),
        (answer) => answer.status === 200,
      );
    },
    make: (plural, kind, name, spec, more = {}) =>
      call('POST', pathOf(plural), { apiVersion: `${GROUP}/v1`, kind, metadata: { name }, spec, ...more }),
  };
}
