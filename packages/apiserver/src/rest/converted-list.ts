/** Lists of kinds that a webhook converts: what fields select is known when it has answered. */
import type { KubeObject } from '@k/apimachinery';
import type { ListOptions, StoredObject } from '@k/storage';
import { abortSignalOf } from '../abort-signal.js';
import { selectableOf } from '../registry.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import type { ListRequest } from './read-options.js';

/** Objects read at a time when a limit says how many are to be found. */
const PAGE_MAX = 500;

/** A page of converted objects. */
export interface ConvertedList {
  objects: KubeObject[];
  revision: number;
  /** Set when more may follow. */
  nextAfter?: string;
  /** How many follow, where that is known. */
  remaining?: number;
}

/** Lists, converts and selects; `query` is that of a list by stored objects. */
export async function listConverted(
  server: ServerContext,
  scope: ResourceScope,
  request: ListRequest,
  query: ListOptions,
): Promise<ConvertedList> {
  const { definition, version } = scope.served;
  const storage = server.registry.storage(definition);
  const convert = (items: readonly StoredObject[]): Promise<KubeObject[]> =>
    server.registry.conversions.all(definition, items, version.version, abortSignalOf(scope.context));
  if (!request.selectsFields) {
    const { items, ...page } = await storage.list(query);
    return { ...page, objects: await convert(items) };
  }
  const { select: _fields, equals: _indexed, ...plain } = query;
  const wanted = request.limit > 0 ? request.limit : Number.POSITIVE_INFINITY;
  const found: KubeObject[] = [];
  for (let next: ListOptions = { ...plain, limit: request.limit > 0 ? PAGE_MAX : 0 }; ; ) {
    const { items, revision, nextAfter } = await storage.list(next);
    const objects = await convert(items);
    for (const [index, object] of objects.entries()) {
      if (request.select?.(selectableOf(definition, object)) !== true) continue;
      found.push(object);
      if (found.length < wanted) continue;
      const { namespace, name } = items[index] as StoredObject;
      const isLast = nextAfter === undefined && index === items.length - 1;
      const at = definition.namespaced ? `${namespace}/${name}` : name;
      return { objects: found, revision, ...(isLast ? {} : { nextAfter: at }) };
    }
    if (nextAfter === undefined) return { objects: found, revision };
    next = { ...next, startAfter: nextAfter, freshness: { kind: 'exact', revision } };
  }
}
