/** Kinds whose versions a webhook converts, in a real server. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { selfSignedCertificate } from '../../src/testing/certificate.js';
import { startTestServer, type TestServer } from '../../src/testing.js';

export type Fields = Record<string, unknown>;

/** An object of the test's kinds, in any of their versions. */
export interface Resource extends Fields {
  apiVersion: string;
  kind: string;
  metadata: Fields & { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  hostPort?: string;
  host?: string;
  port?: string;
}

/** A ConversionReview. */
export interface Review {
  apiVersion: string;
  kind: string;
  request: { uid: string; desiredAPIVersion: string; objects: Resource[] };
  response?: unknown;
}

/** What the webhook says to a review, given the objects as it should convert them; undefined = nothing yet, see `held`. */
export type ConversionAnswer = (review: Review, converted: Resource[]) => unknown;

export const GROUP = 'stable.example.com';
export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const MERGE = { type: 'application/merge-patch+json' };
/** The certificate of every webhook of these tests. */
export const certificate: Awaited<ReturnType<typeof selfSignedCertificate>> = await selfSignedCertificate();
export const caBundle: string = Buffer.from(certificate.cert).toString('base64');

/** v1 says `hostPort`, v2 and v3 say `host` and `port`. */
function convert(object: Resource, apiVersion: string): Resource {
  const { hostPort, host, port, ...rest } = object;
  const [first, second] = hostPort?.split(':') ?? [host, port];
  if (apiVersion.endsWith('/v1')) return { ...rest, apiVersion, hostPort: `${first}:${second}` };
  return { ...rest, apiVersion, ...(first === undefined ? {} : { host: first }), ...(second === undefined ? {} : { port: second }) };
}

/** The answer of a webhook that did its work. */
export const success = (review: Review, convertedObjects: unknown[]): unknown => ({
  apiVersion: review.apiVersion,
  kind: 'ConversionReview',
  response: { uid: review.request.uid, result: { status: 'Success' }, convertedObjects },
});

/** The schema of a field. */
export const text = { type: 'string' };

/** A version of a kind with fields that selectors may name; v1 is stored. */
export const version = (name: string, properties: Fields, more: Fields = {}): Fields => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object', properties } },
  selectableFields: Object.keys(properties).map((field) => ({ jsonPath: `.${field}` })),
  ...more,
});

const kindOf = (plural: string): string => `${plural[0]?.toUpperCase()}${plural.slice(1, -1)}`;

/** An object to be written. */
export const made = (plural: string, apiVersion: string, name: string, content: Fields): Fields => ({
  apiVersion: `${GROUP}/${apiVersion}`,
  kind: kindOf(plural),
  metadata: { name },
  ...content,
});

/** Starts server and webhook before the tests of a file and ends them after them; each test begins with a webhook that works. */
export function useConvertedKinds(): ConvertedKinds {
  const kinds = new ConvertedKinds();
  beforeAll(() => kinds.start());
  afterAll(() => kinds.stop());
  beforeEach(() => {
    kinds.received = [];
    kinds.held = [];
    kinds.answerWith = success;
  });
  return kinds;
}

/** A server and the webhook that converts its custom resources. */
class ConvertedKinds {
  /** What the webhook was asked since the test began. */
  received: Review[] = [];
  answerWith: ConversionAnswer = success;
  /** Calls that the webhook has not answered, with the answer that would be right. */
  held: { response: ServerResponse; right: string }[] = [];
  #server: TestServer | undefined;
  readonly #webhook: Server;

  constructor() {
    this.#webhook = createServer(certificate, (request, response) => {
      void (async () => {
        const review = (await json(request)) as Review;
        this.received.push(review);
        const converted = review.request.objects.map((object) => convert(object, review.request.desiredAPIVersion));
        response.setHeader('content-type', 'application/json');
        const answer = this.answerWith(review, converted);
        if (answer === undefined) this.held.push({ response, right: JSON.stringify(success(review, converted)) });
        else response.end(JSON.stringify(answer));
      })();
    });
  }

  get server(): TestServer {
    if (this.#server === undefined) throw new Error('the server starts with the tests of the file');
    return this.#server;
  }

  /** Of the webhook. */
  get url(): string {
    return `https://127.0.0.1:${(this.#webhook.address() as AddressInfo).port}/crdconvert`;
  }

  async start(): Promise<void> {
    this.#webhook.listen(0, '127.0.0.1');
    await once(this.#webhook, 'listening');
    this.#server = await startTestServer();
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#webhook.closeAllConnections();
    await new Promise((resolve) => this.#webhook.close(resolve));
  }

  /** Makes a kind with the versions v1 (stored) and v2; resolves with their paths when it is served. */
  async define(plural: string, spec: Fields = {}): Promise<{ v1: string; v2: string }> {
    const hook = { clientConfig: { url: this.url, caBundle }, conversionReviewVersions: ['v1', 'v1beta1'] };
    const body = {
      metadata: { name: `${plural}.${GROUP}` },
      spec: {
        group: GROUP,
        scope: 'Namespaced',
        names: { plural, kind: kindOf(plural) },
        versions: [version('v1', { hostPort: text }), version('v2', { host: text, port: text })],
        conversion: { strategy: 'Webhook', webhook: hook },
        ...spec,
      },
    };
    const answer = await this.server.client.request('POST', CRDS, { body });
    expect([answer.status, answer.text]).toEqual([201, answer.text]);
    const at = (name: string): string => `/apis/${GROUP}/${name}/namespaces/default/${plural}`;
    while ((await this.server.client.request('GET', at('v1'))).status !== 200) await new Promise((resolve) => setTimeout(resolve, 10));
    return { v1: at('v1'), v2: at('v2') };
  }

  /** The object at a path. */
  async get(path: string): Promise<Resource> {
    return (await this.server.client.request<Resource>('GET', path)).body;
  }
}
