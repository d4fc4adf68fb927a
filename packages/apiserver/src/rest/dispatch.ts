/** The last stage: finds the resource and the handler of the verb. */
import { decodePath, goQuote, newBadRequest, newNotFound, newStatusError } from '@k/apimachinery';
import type { Filter, RequestContext } from '../context.js';
import { isBuiltInGroup } from '../discovery/documents.js';
import { negotiate } from '../http/negotiate.js';
import { sendBytes, wantsPretty } from '../http/respond.js';
import { withTimedStorage } from '../latency-tracker.js';
import type { ResourceHandler, ResourceScope, ServerContext } from '../server-context.js';
import { SCALE_HANDLERS } from '../subresources/scale.js';
import { handleCreate } from './create.js';
import { handleDelete, handleDeleteCollection } from './delete.js';
import { handlePatch } from './patch.js';
import { handleGet, handleList } from './read.js';
import { handleUpdate } from './update.js';
import { handleWatch } from './watch.js';

const HANDLERS: Readonly<Record<string, ResourceHandler>> = {
  get: handleGet,
  list: handleList,
  watch: handleWatch,
  create: handleCreate,
  update: handleUpdate,
  patch: handlePatch,
  delete: handleDelete,
  deletecollection: handleDeleteCollection,
};

/** Verbs that a subresource which is a view of its object shares with it. */
const VIEW_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'ephemeralcontainers', 'resize', 'approval', 'finalize']);

/** Handlers of subresources and virtual resources by `resource.group` or `resource.group/subresource`, then verb. */
export type SpecialHandlers = ReadonlyMap<string, Readonly<Record<string, ResourceHandler>>>;

/** Subresources whose path goes on below them. */
const LONG_SUBRESOURCES: ReadonlySet<string> = new Set(['proxy']);
/** Methods with handlers; HEAD and OPTIONS are for who is behind a proxy. */
const ALLOWED_METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const PROXIED_METHODS: ReadonlySet<string> = new Set([...ALLOWED_METHODS, 'HEAD', 'OPTIONS']);

/** 400 for names that cannot be a path segment. */
function checkSegment(what: 'Name' | 'Namespace', value: string): void {
  const fault = value === '.' || value === '..' ? `may not be '${value}'` : value.includes('%') ? "may not contain '%'" : null;
  if (fault !== null) throw newBadRequest(`${what} parameter invalid: ${goQuote(value)}: ${fault}`);
}

/** 405 as kube-apiserver words it. */
export function methodNotAllowed(): Error {
  return newStatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

/** 404 for a path that nobody serves. */
export function noSuchResource(): Error {
  return newStatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

function isBuiltIn({ catalogue }: ServerContext, group: string): boolean {
  const found = catalogue.groups().find((entry) => entry.name === group);
  return found !== undefined && isBuiltInGroup(catalogue, found);
}

/** Plain-text 404 of paths outside the API. */
export function pageNotFound(context: RequestContext): void | Promise<void> {
  return sendBytes(context, 404, 'text/plain; charset=utf-8', '404 page not found\n');
}

/** Tells the audit log, as upstream does once a request is served: the start of a watch does not say it yet. */
function markDeprecated(context: RequestContext): void {
  const { audit, onStreamStart } = context;
  const mark = (): void => audit?.addAnnotation('k8s.io/deprecated', 'true');
  if (context.info.verb !== 'watch') {
    mark();
    return;
  }
  context.onStreamStart = () => {
    onStreamStart?.();
    mark();
  };
}

const PROTOBUF = 'protobuf';

/** Of custom resources only the metadata has a protobuf form. @throws 406 when nothing else is asked for. */
function negotiateCustom(context: RequestContext): void {
  const scope = { transforms: true, watch: context.info.verb === 'watch', noProtobufObjects: true };
  context.media = negotiate(context.exchange.headers.accept, scope, wantsPretty(context));
}

/** Makes the stage that serves resources. */
export function resourceDispatcher(server: ServerContext, special: SpecialHandlers): Filter {
  return {
    name: 'resources',
    why: 'all other paths have been served before it',
    handle(context) {
      const { info } = context;
      if (decodePath(context.path) === null) return sendBytes(context, 400, 'text/plain; charset=utf-8', '400 Bad Request');
      if (!info.isResourceRequest) return pageNotFound(context);
      const isKnownGroup = server.catalogue.groups().some((group) => group.name === info.apiGroup);
      if (!isKnownGroup) return pageNotFound(context);
      const served = server.catalogue.find(info.apiGroup, info.apiVersion, info.resource);
      if (served === undefined) {
        if (!isBuiltIn(server, info.apiGroup)) return pageNotFound(context);
        throw noSuchResource();
      }
      const { definition, version } = served;
      const namespace = definition.group === '' && definition.resource === 'namespaces' ? '' : info.namespace;
      const subresource = info.subresource === '' ? undefined : version.subresources.find((entry) => entry.name === info.subresource);
      if (definition.custom === true) {
        const acrossNamespaces = ['list', 'watch'].includes(info.verb);
        if (definition.namespaced ? namespace === '' && !acrossNamespaces : namespace !== '') return pageNotFound(context);
      }
      if (info.subresource !== '' && subresource === undefined) {
        throw definition.custom === true ? newNotFound(definition, info.name) : noSuchResource();
      }
      const isNamed = info.parts.length > 1;
      // Kinds that are only created have no paths of single objects, and none across namespaces.
      if (!version.verbs.some((verb) => verb !== 'create')) {
        if (isNamed || (definition.namespaced && namespace === '')) throw noSuchResource();
      }
      if (definition.namespaced && namespace === '') {
        if (isNamed && info.verb !== 'watch') throw noSuchResource();
        if (!['list', 'watch'].includes(info.verb) && definition.strategy.virtual !== true) throw methodNotAllowed();
      }
      if (info.parts.length > 3 && !LONG_SUBRESOURCES.has(info.subresource)) throw noSuchResource();
      if (isNamed && info.name === '') throw noSuchResource();
      if (isNamed) checkSegment('Name', info.name);
      if (namespace !== '') checkSegment('Namespace', namespace);
      // The old paths of watches end at objects, and know one method.
      if (info.verb === 'watch' && info.subresource !== '') throw noSuchResource();
      const { method } = context.exchange;
      const methods = info.subresource === 'proxy' ? PROXIED_METHODS : ALLOWED_METHODS;
      if (!methods.has(method) || (info.verb === 'watch' && method !== 'GET')) throw methodNotAllowed();
      const verb = method === 'OPTIONS' || (isNamed && info.verb === 'list') ? 'get' : info.verb;
      const scope: ResourceScope = { context, served, subresource, namespace, name: isNamed || verb === 'get' ? info.name : '' };
      const handler = this.pick(scope, verb);
      if (handler === undefined) throw methodNotAllowed();
      if (definition.custom === true && context.exchange.headers.accept?.includes(PROTOBUF) === true) negotiateCustom(context);
      if (version.deprecationWarning !== undefined) {
        context.warnings.add(version.deprecationWarning);
        markDeprecated(context);
      }
      return handler(context.latency === undefined ? server : withTimedStorage(server, context.latency), context, scope);
    },
    pick(scope: ResourceScope, verb: string): ResourceHandler | undefined {
      const { definition, version } = scope.served;
      const key = `${definition.resource}.${definition.group}`;
      const allowed = scope.subresource?.verbs ?? version.verbs;
      if (!allowed.includes(verb)) return undefined;
      const hasName = scope.name !== '';
      const wantsName = ['get', 'update', 'patch', 'delete'].includes(verb);
      if (scope.subresource === undefined && verb !== 'watch' && verb !== 'list' && wantsName !== hasName) return undefined;
      const own = special.get(scope.subresource ? `${key}/${scope.subresource.name}` : key)?.[verb];
      if (own !== undefined) return own;
      if (scope.subresource?.name === 'scale') return SCALE_HANDLERS[verb];
      if (scope.subresource !== undefined && !VIEW_SUBRESOURCES.has(scope.subresource.name)) return undefined;
      return HANDLERS[verb];
    },
  } as Filter & { pick(scope: ResourceScope, verb: string): ResourceHandler | undefined };
}
