/**
 * Method and path to verb, group, version, resource, namespace, name and subresource.
 *
 *   /api/v1/namespaces/{ns}/{resource}/{name}/{subresource}
 *   /apis/{group}/{version}/namespaces/{ns}/{resource}/{name}/{subresource}
 *   /api/v1/{resource}/{name}/{subresource}       cluster-scoped, or all namespaces
 *   /api/v1/watch/…                               the old watch paths
 */

/** What a request is about. Of a non-resource request only `verb` and `path` have meaning. */
export interface RequestInfo {
  isResourceRequest: boolean;
  /** Without the query, as sent. */
  path: string;
  /** `get`, `list`, `watch`, `create`, … of resources; the method in lower case otherwise. */
  verb: string;
  /** `api` or `apis`; '' otherwise. */
  apiPrefix: string;
  apiGroup: string;
  apiVersion: string;
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  /** Path segments from the resource on, subresource paths included. */
  parts: string[];
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Subresources of namespaces that are not resources inside a namespace. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

/**
 * Decodes a path; bytes that are no UTF-8 become U+FFFD.
 *
 * @returns `null` for a malformed escape.
 */
export function decodePath(path: string): string | null {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    if (/%(?![0-9A-Fa-f]{2})/.test(path)) return null;
    const bytes = path.replace(/%([0-9A-Fa-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return Buffer.from(bytes, 'latin1').toString('utf8');
  }
}

/** Reads a query as Go does: pairs that are malformed, or hold a semicolon, are left out. */
export function parseQuery(text: string): URLSearchParams {
  if (!/;|%(?![0-9A-Fa-f]{2})/.test(text)) return new URLSearchParams(text);
  const pairs = text.split('&').filter((pair) => !/;|%(?![0-9A-Fa-f]{2})/.test(pair));
  return new URLSearchParams(pairs.join('&'));
}

/**
 * Resolves a request.
 *
 * @param query - Needed for `watch`, and for `fieldSelector=metadata.name=x`, which names the object of a list.
 */
export function resolveRequestInfo(method: string, path: string, query: URLSearchParams | null): RequestInfo {
  const info: RequestInfo = {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix: '',
    apiGroup: '',
    apiVersion: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    parts: [],
  };
  // Escaped slashes divide a path like any other.
  let segments = (decodePath(path) ?? path).split('/');
  segments = segments.slice(1, segments.length > 1 && segments[segments.length - 1] === '' ? -1 : undefined);
  if (segments.length < 3) return info;
  const prefix = segments[0] as string;
  if (prefix !== 'api' && prefix !== 'apis') return info;
  let at = 1;
  if (prefix === 'apis') {
    if (segments.length < 4) return info;
    info.apiGroup = segments[at++] as string;
  }
  info.apiPrefix = prefix;
  info.apiVersion = segments[at++] as string;
  info.isResourceRequest = true;
  let parts = segments.slice(at);
  if (parts[0] === 'watch' || parts[0] === 'proxy') {
    if (parts.length < 2) {
      info.isResourceRequest = false;
      return info;
    }
    info.verb = parts[0];
    parts = parts.slice(1);
  } else {
    info.verb = VERBS[method] ?? '';
  }
  if (parts[0] === 'namespaces') {
    if (parts.length > 1) {
      info.namespace = parts[1] as string;
      // A third segment is a resource inside the namespace unless it is one of the namespace's own subresources.
      if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] as string)) parts = parts.slice(2);
    }
  }
  info.parts = parts;
  info.resource = parts[0] ?? '';
  info.name = parts[1] ?? '';
  info.subresource = parts[2] ?? '';
  if (info.name === '' && (info.verb === 'get' || info.verb === 'delete')) {
    if (info.verb === 'delete') info.verb = 'deletecollection';
    else info.verb = isWatch(query) ? 'watch' : 'list';
  }
  if ((info.verb === 'list' || info.verb === 'watch' || info.verb === 'deletecollection') && info.name === '') {
    const selector = query?.get('fieldSelector');
    const match = selector ? /(?:^|,)metadata\.name==?([^,=!\\]+)(?:,|$)/.exec(selector) : null;
    if (match) info.name = match[1] as string;
  }
  return info;
}

/** `watch=1`, `watch=true` and a bare `watch` ask for a watch. */
function isWatch(query: URLSearchParams | null): boolean {
  const value = query?.get('watch');
  return value !== null && value !== undefined && value !== '0' && value.toLowerCase() !== 'false';
}
