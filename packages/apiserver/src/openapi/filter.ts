import type { Catalogue } from '@k/api';
import type { Filter, RequestContext } from '../context.js';
import type { RemoteGroups } from '../discovery/remote-groups.js';
import { parseAccept } from '../http/negotiate.js';
import { baseHeaders } from '../http/respond.js';
import { pageNotFound } from '../rest/dispatch.js';
import { type CachedDocument, documentUrl, OpenApiDocuments, plainBytes } from './document-cache.js';

const JSON_TYPE = 'application/json';
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** How clients name it in Accept; it is no valid media type, so answers do not carry it. */
const V2_PROTOBUF_ALIAS = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/** Serves `/openapi/v2`, `/openapi/v3` and the documents below it. */
export function openApiFilter(catalogue: Catalogue, remote: RemoteGroups): Filter {
  const documents = new OpenApiDocuments(catalogue, remote);
  return {
    name: 'openapi',
    why: 'after authorization, before resources, which answer 404 to every path left',
    handle(context: RequestContext) {
      if (!context.path.startsWith('/openapi/v')) return undefined;
      if (context.path === '/openapi/v2') return serveV2(context, documents);
      if (context.path === '/openapi/v3') return serveIndex(context, documents);
      if (context.path.startsWith('/openapi/v3/')) return serveGroup(context, documents, context.path.slice('/openapi/v3/'.length));
      return undefined;
    },
  };
}

/** The first type a client accepts among those there are; null = none. */
function choose(accept: string | undefined, offers: readonly string[]): string | null {
  for (const { type } of parseAccept(accept === undefined || accept === '' ? '*/*' : accept)) {
    const [main = '', sub = ''] = type.split('/');
    for (const offer of offers) {
      const slash = offer.indexOf('/');
      if ((main === '*' || main === offer.slice(0, slash)) && (sub === '*' || sub === offer.slice(slash + 1))) return offer;
    }
  }
  return null;
}

async function serveV2(context: RequestContext, documents: OpenApiDocuments): Promise<void> {
  const type = choose(context.exchange.headers.accept, [JSON_TYPE, V2_PROTOBUF_ALIAS, V2_PROTOBUF]);
  context.responseHeaders['vary'] = 'Accept';
  if (type === null) return respond(context, 406, '', null);
  const isJson = type === JSON_TYPE;
  return serve(context, await documents.v2(isJson ? 'json' : 'protobuf'), isJson ? JSON_TYPE : V2_PROTOBUF);
}

async function serveIndex(context: RequestContext, documents: OpenApiDocuments): Promise<void> {
  return serve(context, await documents.index(), JSON_TYPE);
}

async function serveGroup(context: RequestContext, documents: OpenApiDocuments, key: string): Promise<void> {
  context.responseHeaders['vary'] = 'Accept';
  if (choose(context.exchange.headers.accept, [JSON_TYPE]) === null) return respond(context, 406, '', null);
  const document = await documents.group(key);
  if (document === null) return pageNotFound(context);
  const hash = context.query?.get('hash') ?? '';
  if (hash !== '') {
    if (hash !== document.etag) {
      context.responseHeaders['location'] = documentUrl(key, document.etag);
      return respond(context, 301, 'text/html; charset=utf-8', null);
    }
    const expires = new Date(context.receivedAtMs);
    expires.setUTCFullYear(expires.getUTCFullYear() + 1);
    context.responseHeaders['cache-control'] = 'public, immutable';
    context.responseHeaders['expires'] = expires.toUTCString();
  }
  return serve(context, document, JSON_TYPE);
}

/** Sends a document, or 304 when the client has these bytes already. */
async function serve(context: RequestContext, document: CachedDocument, contentType: string): Promise<void> {
  const etag = `"${document.etag}"`;
  context.responseHeaders['etag'] = etag;
  context.responseHeaders['last-modified'] = document.lastModified.toUTCString();
  const { headers } = context.exchange;
  const known = headers['if-none-match'];
  if (known?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')) {
    return respond(context, 304, '', null);
  }
  if (headers['accept-encoding']?.includes('gzip')) {
    context.responseHeaders['content-encoding'] = 'gzip';
    context.responseHeaders['vary'] = context.responseHeaders['vary'] === undefined ? 'Accept-Encoding' : 'Accept, Accept-Encoding';
    return respond(context, 200, contentType, document.gzip);
  }
  return respond(context, 200, contentType, await plainBytes(document));
}

function respond(context: RequestContext, status: number, contentType: string, body: Buffer | null): void {
  if (context.answered) return;
  context.answered = true;
  context.audit?.setResponseStatus(status);
  const headers = baseHeaders(context, contentType);
  if (contentType === '') delete headers['content-type'];
  context.exchange.respond(status, headers, body ?? Buffer.alloc(0));
}
