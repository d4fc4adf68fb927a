import { createHash } from 'node:crypto';
import type { Catalogue } from '@k/api';
import { encodeProtobuf } from '@k/api/protobuf';
import type { KubeObject } from '@k/apimachinery';
import type { Filter, RequestContext } from '../context.js';
import { type MediaType, negotiate } from '../http/negotiate.js';
import { baseHeaders, sendBytes, sendObject, toJson, wantsPretty } from '../http/respond.js';
import { toYaml } from '../http/yaml-body.js';
import { methodNotAllowed, noSuchResource, pageNotFound } from '../rest/dispatch.js';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, coreVersions, isBuiltInGroup } from './documents.js';
import type { RemoteGroups } from './remote-groups.js';

/** Serves `/api`, `/apis` and below, down to the resource lists. */
export function discoveryFilter(catalogue: Catalogue, remote: RemoteGroups, serverAddress: () => string): Filter {
  const aggregated = new AggregatedDocuments(catalogue, remote);
  return {
    name: 'discovery',
    why: 'before resources: its paths are their prefixes',
    handle(context: RequestContext) {
      const segments = context.path.split('/').slice(1, context.path.endsWith('/') ? -1 : undefined);
      const [prefix, first, second] = segments;
      if (segments.includes('')) return undefined;
      const isDiscovery = (prefix === 'api' && segments.length <= 2) || (prefix === 'apis' && segments.length <= 3);
      if (!isDiscovery) return undefined;
      if (!['GET', 'HEAD'].includes(context.exchange.method)) throw methodNotAllowed();
      const isRoot = segments.length === 1;
      const accept = context.exchange.headers.accept;
      if (isRoot) context.responseHeaders['vary'] = 'Accept';
      context.media = negotiate(accept, { transforms: false, aggregatedDiscovery: isRoot }, wantsPretty(context));
      if (isRoot && context.media.as === 'APIGroupDiscoveryList') return aggregated.send(context, context.media, prefix === 'api');
      if (isRoot) return sendObject(context, 200, prefix === 'api' ? coreVersions(serverAddress()) : apiGroupList(catalogue, remote));
      if (prefix === 'api') return sendOrRefuse(context, catalogue, apiResourceList(catalogue, '', first as string), '');
      if (second !== undefined) {
        return sendOrRefuse(context, catalogue, apiResourceList(catalogue, first as string, second), first as string);
      }
      const group = apiGroup(catalogue, remote, first as string);
      return group === null ? pageNotFound(context) : sendObject(context, 200, { kind: 'APIGroup', apiVersion: 'v1', ...group });
    },
  };
}

/** An unknown version of a built-in group is answered as an unknown resource is, everything else as an unknown page. */
function sendOrRefuse(context: RequestContext, catalogue: Catalogue, document: object | null, name: string): void | Promise<void> {
  if (document !== null) return sendObject(context, 200, document);
  const group = catalogue.groups().find((entry) => entry.name === name);
  if (group !== undefined && isBuiltInGroup(catalogue, group)) throw noSuchResource();
  return pageNotFound(context);
}

interface Rendered {
  readonly generation: number;
  readonly remoteGeneration: number;
  readonly body: Buffer | string;
  readonly etag: string;
}

/** The aggregated documents as text, made anew when the catalogue changes. */
class AggregatedDocuments {
  readonly #catalogue: Catalogue;
  readonly #remote: RemoteGroups;
  readonly #rendered = new Map<string, Rendered>();

  constructor(catalogue: Catalogue, remote: RemoteGroups) {
    this.#catalogue = catalogue;
    this.#remote = remote;
  }

  send(context: RequestContext, media: MediaType, core: boolean): void | Promise<void> {
    const { body, etag } = this.#render(media, core);
    context.responseHeaders['etag'] = etag;
    context.responseHeaders['cache-control'] = 'public';
    if (context.exchange.headers['if-none-match'] !== etag) return sendBytes(context, 200, media.contentType, body);
    context.answered = true;
    context.audit?.setResponseStatus(304);
    const headers = baseHeaders(context, media.contentType);
    delete headers['content-type'];
    context.exchange.respond(304, headers, '');
    return undefined;
  }

  #render(media: MediaType, core: boolean): Rendered {
    const key = `${core}|${media.format}|${media.pretty}`;
    const { generation } = this.#catalogue;
    const { generation: remoteGeneration } = this.#remote;
    const known = this.#rendered.get(key);
    if (known !== undefined && known.generation === generation && known.remoteGeneration === remoteGeneration) return known;
    const document = aggregatedDiscovery(this.#catalogue, this.#remote, core);
    // The tag is that of the content, whatever the form.
    const etag = `"${createHash('sha512').update(toJson(document)).digest('hex').toUpperCase()}"`;
    const rendered = { generation, remoteGeneration, body: written(document, media), etag };
    this.#rendered.set(key, rendered);
    return rendered;
  }
}

function written(document: object, { format, pretty }: MediaType): Buffer | string {
  if (format === 'protobuf') return encodeProtobuf(document as KubeObject) as Buffer;
  return format === 'yaml' ? toYaml(document) : `${toJson(document, pretty)}\n`;
}
