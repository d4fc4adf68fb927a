import type { Catalogue, ServedResource, SubresourceDefinition } from '@k/api';
import type { KubeObject } from '@k/apimachinery';
import type { Authorizer } from '@k/auth';
import type { Logger } from 'pino';
import type { AdmissionRunner } from './admission-runner.js';
import type { RequestContext } from './context.js';
import type { InformerSet } from './informer-set.js';
import type { LocalClient } from './local-client.js';
import type { ServerMetrics } from './metrics.js';
import type { ResourceRegistry } from './registry.js';
import type { WatchFlusher } from './rest/watch-flusher.js';

/** What the handlers share: the composed parts of one server. */
export interface ServerContext {
  readonly catalogue: Catalogue;
  readonly registry: ResourceRegistry;
  readonly informers: InformerSet;
  readonly client: LocalClient;
  readonly admission: AdmissionRunner;
  readonly authorizer: Authorizer;
  readonly metrics: ServerMetrics;
  readonly log: Logger;
  readonly hooks: ResourceHooks;
  readonly watchFlusher: WatchFlusher;
  /** Ends when the server shuts down: watches stop. */
  readonly shutdown: AbortSignal;
  readonly now: () => number;
}

/** What one request addresses. */
export interface ResourceScope {
  /** The request. */
  readonly context: RequestContext;
  readonly served: ServedResource;
  /** Undefined for the resource itself. */
  readonly subresource: SubresourceDefinition | undefined;
  readonly namespace: string;
  readonly name: string;
}

/** What is tied to a resource's writes beyond its rules: cluster IPs and node ports of services, rights of roles. */
export interface WriteHook {
  /** May refuse a create or update on account of who asks. */
  check?: (server: ServerContext, context: RequestContext, object: KubeObject, old: KubeObject | null) => Promise<void>;
  /** Before validation of a create; returns what gives the allocation back if the write fails. Mutates `object`. */
  beforeCreate?: (object: KubeObject, dryRun: boolean) => Promise<() => void> | (() => void);
  /** Before validation of an update. Mutates `object`. */
  beforeUpdate?: (object: KubeObject, old: KubeObject, dryRun: boolean) => Promise<() => void> | (() => void);
  /** After an update was stored. */
  afterUpdate?: (object: KubeObject, old: KubeObject) => void;
  /** After an object is gone. */
  afterDelete?: (object: KubeObject) => void;
}

/** Write hooks by `resource.group`. */
export type ResourceHooks = ReadonlyMap<string, WriteHook>;

/** A handler of one verb on one scope. */
export type ResourceHandler = (server: ServerContext, context: RequestContext, scope: ResourceScope) => void | Promise<void>;
