/**
 * OpenAPI documents as bytes, made when they are first asked for and kept compressed: most clients take gzip, and
 * memory is what an idle server is measured by.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Catalogue, ServedResource } from '@k/api';
import type { DocumentSource, Json } from '@k/api/openapi';
import { KUBERNETES_VERSION, stringifyExactJson } from '@k/apimachinery';
import type { RemoteDocument, RemoteGroups } from '../discovery/remote-groups.js';

type OpenApi = typeof import('@k/api/openapi');

/** One document, ready to be sent. */
export interface CachedDocument {
  readonly gzip: Buffer;
  /** SHA-512 of the uncompressed bytes, in hex. */
  readonly etag: string;
  /** When these bytes were made. */
  readonly lastModified: Date;
}

interface Keyed {
  /** What the document was made from; another value means that it is out of date. */
  readonly seed: unknown;
  readonly document: Promise<CachedDocument>;
}

/** The uncompressed bytes of a document. */
export function plainBytes(document: CachedDocument): Promise<Buffer> {
  return promisify(gunzip)(document.gzip);
}

/** The documents of one catalogue. Concurrent requests share the work. */
export class OpenApiDocuments {
  readonly #catalogue: Catalogue;
  readonly #remote: RemoteGroups;
  readonly #cache = new Map<string, Keyed>();
  /** What other servers said last, as long as they say the same. */
  #remoteDocuments: readonly RemoteDocument[] = [];
  #remoteSerial = 0;
  #module: Promise<{ openapi: OpenApi; source: DocumentSource }> | null = null;

  constructor(catalogue: Catalogue, remote: RemoteGroups) {
    this.#catalogue = catalogue;
    this.#remote = remote;
  }

  /** `/openapi/v3`: the documents with their hashes. */
  index(): Promise<CachedDocument> {
    return this.#cached('index', `${this.#catalogue.generation} ${this.#remote.generation}`, async () => {
      const { openapi } = await this.#open();
      const paths: Record<string, object> = {};
      for (const key of openapi.documentKeys(this.#catalogue)) {
        const document = await this.group(key);
        if (document !== null) paths[key] = { serverRelativeURL: documentUrl(key, document.etag) };
        // One document at a time: a build must not hold up other requests.
        await new Promise(setImmediate);
      }
      return Buffer.from(JSON.stringify({ paths: { ...paths, ...this.#remote.openApiV3() } }));
    });
  }

  /** One document of v3; null when there is none of that key. */
  async group(key: string): Promise<CachedDocument | null> {
    const { openapi, source } = await this.#open();
    if (!openapi.documentKeys(this.#catalogue).includes(key)) return null;
    return this.#cached(`v3 ${key}`, this.#seedOf(key), () =>
      Promise.resolve(Buffer.from(stringifyExactJson(openapi.openApiV3(source, key) as Json))),
    );
  }

  /** `/openapi/v2`. */
  async v2(format: 'json' | 'protobuf'): Promise<CachedDocument> {
    const remotes = await this.#others();
    return this.#cached(`v2 ${format}`, `${this.#catalogue.generation} ${this.#remoteSerial}`, async () => {
      const { openapi, source } = await this.#open();
      let document = openapi.openApiV2(source);
      if (remotes.length > 0) document = (await import('./merge-documents.js')).mergeDocuments(document as object, remotes) as Json;
      return format === 'json' ? Buffer.from(stringifyExactJson(document)) : openapi.encodeOpenApiV2(document);
    });
  }

  /** Documents of other servers; the serial tells whether they are the same as before. */
  async #others(): Promise<readonly RemoteDocument[]> {
    const now = await this.#remote.openApiV2();
    const before = this.#remoteDocuments;
    const isSame =
      now.length === before.length &&
      now.every(({ document, prefixes }, i) => document === before[i]?.document && prefixes.join() === before[i]?.prefixes.join());
    if (!isSame) {
      this.#remoteDocuments = now;
      this.#remoteSerial++;
    }
    return this.#remoteDocuments;
  }

  /** A change of custom resources makes only the documents of their own group anew. */
  #seedOf(key: string): unknown {
    const [prefix, first = '', second] = key.split('/');
    let rows: readonly ServedResource[] | undefined;
    if (prefix === 'api') rows = this.#catalogue.resources('', first);
    else if (second !== undefined) rows = this.#catalogue.resources(first, second);
    return rows;
  }

  /** Loads the writer and its texts with the first request, so that starting up costs nothing. */
  #open(): Promise<{ openapi: OpenApi; source: DocumentSource }> {
    this.#module ??= (async () => {
      const openapi = await import('@k/api/openapi');
      const descriptions = await openapi.loadDescriptions();
      return { openapi, source: { catalogue: this.#catalogue, descriptions, gitVersion: KUBERNETES_VERSION } };
    })();
    return this.#module;
  }

  #cached(key: string, seed: unknown, make: () => Promise<Buffer>): Promise<CachedDocument> {
    const known = this.#cache.get(key);
    if (known !== undefined && known.seed === seed) return known.document;
    const document = make().then(async (bytes) => ({
      gzip: await promisify(gzip)(bytes, { level: 6 }),
      etag: createHash('sha512').update(bytes).digest('hex').toUpperCase(),
      lastModified: new Date(),
    }));
    this.#cache.set(key, { seed, document });
    document.catch(() => this.#cache.delete(key));
    return document;
  }
}

/** Where a document of v3 may be cached for ever. */
export function documentUrl(key: string, etag: string): string {
  return `/openapi/v3/${key}?hash=${etag}`;
}
