import type { GroupVersionKind, GroupVersionResource, KubeObject } from '@k/apimachinery';

/** The four operations that admission sees; reads are never admitted. */
export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** The two passes over a request: the first may change the object, the second only judges. */
export type Phase = 'admit' | 'validate';

/** Who asks. */
export interface AdmissionUser {
  username: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

/** One request on its way through the chain, `admission.Attributes`. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: Operation;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  /** '' for the resource itself. */
  readonly subresource: string;
  /** '' for a cluster-scoped object; a Namespace's own name for namespaces. */
  readonly namespace: string;
  /** '' while a name is still to be generated. */
  readonly name: string;
  readonly user: AdmissionUser;
  readonly dryRun: boolean;
  /** The object to be stored; controllers that mutate change it in place or answer with a patch. Null for DELETE. */
  object: KubeObject | null;
  /** Null for CREATE and CONNECT. Never mutated. */
  readonly oldObject: KubeObject | null;
  /** CreateOptions, UpdateOptions, DeleteOptions, or the options of a connect. */
  readonly options: KubeObject | null;
  /**
   * Adds `key=value` to the request's audit event; keys look like `prefix/name`, the first value stays.
   *
   * @param level - `Request` for what belongs into events of that level and above only. Default: into every event.
   */
  addAuditAnnotation(key: string, value: string, level?: 'Request'): void;
  /** Adds a `Warning: 299` header. */
  addWarning(text: string): void;
  /** Hears how long each call of a webhook took. */
  onWebhookCall?(type: 'mutating' | 'validating', durationMs: number): void;
  /**
   * Calls back once when the request is over: its object stored, or not. Absent where nobody can tell; controllers then
   * go by time.
   */
  onEnd?(listener: (isStored: boolean) => void): void;
  /** Aborted when nobody waits for the answer any more: the client has gone, or the time of the request is over. */
  abortSignal?(): AbortSignal;
  /** Set by the chain for its mutating phase. */
  reinvocation?: ReinvocationContext;
}

/** How a mutating controller has the whole mutating phase run once more. */
export interface ReinvocationContext {
  /** Set to true to ask for it; without effect in the second pass. */
  reinvoke: boolean;
  /** True in the second pass. */
  readonly isReinvocation: boolean;
}

/** An RFC 6902 operation. */
export interface PatchOperation {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  path: string;
  value?: unknown;
  from?: string;
}

/** What a controller answers: build it with {@link allow} or {@link deny}. */
export type AdmissionResponse =
  | {
      readonly allowed: true;
      readonly patch?: readonly PatchOperation[];
      readonly warnings?: readonly string[];
      readonly auditAnnotations?: Readonly<Record<string, string>>;
    }
  | {
      readonly allowed: false;
      /** Why, without the `pods "x" is forbidden: ` before it. */
      readonly reason: string;
      /** HTTP status. Default 403. */
      readonly code?: number;
      /** A complete error to send instead (a StatusError). */
      readonly error?: Error;
      readonly warnings?: readonly string[];
      readonly auditAnnotations?: Readonly<Record<string, string>>;
    };

/**
 * One admission controller. Declares as data what it handles; `admit` may change the object (in place or by patch),
 * `validate` may only judge. Throwing a StatusError sends it; any other throw denies with a clear message.
 */
export interface AdmissionController {
  readonly name: string;
  /** Milliseconds that an answer may take. Default: the chain's limit. */
  readonly timeoutMs?: number;
  /** Asked once per operation. */
  supportsOperation(operation: Operation): boolean;
  admit?(request: AdmissionRequest): AdmissionResponse | undefined | Promise<AdmissionResponse | undefined>;
  validate?(request: AdmissionRequest): AdmissionResponse | undefined | Promise<AdmissionResponse | undefined>;
  /** Ends connections that it holds; nothing is asked of it afterwards. */
  close?(): Promise<void>;
}

/** Synchronous and asynchronous views of the server's objects that built-in controllers need. */
export interface ObjectSource {
  /** From the cache, parsed; `undefined` when absent. The result is shared: never mutate it. */
  get(group: string, resource: string, namespace: string, name: string): KubeObject | undefined;
  /** All objects of a namespace ('' = all). Shared: never mutate them. */
  list(group: string, resource: string, namespace: string): readonly KubeObject[];
  /** A linearizable read past the cache. */
  getLive(group: string, resource: string, namespace: string, name: string): Promise<KubeObject | undefined>;
  /** Resolves when the cache of that resource is filled. */
  ready(group: string, resource: string): Promise<void>;
}

/** Writes made by controllers (quota reservation, auto-provisioned namespaces). */
export interface ObjectSink {
  create(group: string, version: string, resource: string, namespace: string, object: KubeObject): Promise<KubeObject>;
  /**
   * Reads, changes and writes under optimistic concurrency until it holds; `change` returns null to leave it.
   * `subresource` '' or `status`.
   */
  update(
    group: string,
    version: string,
    resource: string,
    namespace: string,
    name: string,
    subresource: string,
    change: (current: KubeObject) => KubeObject | null,
  ): Promise<KubeObject | undefined>;
}

/** Asks the authorizer on behalf of a request's user. */
export type AuthorizeFunction = (attributes: {
  user: AdmissionUser;
  verb: string;
  group: string;
  version?: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  path?: string;
}) => Promise<{ allowed: boolean; reason: string }>;

/** What the built-in controllers are made with. */
export interface AdmissionDependencies {
  objects: ObjectSource;
  sink: ObjectSink;
  authorize: AuthorizeFunction;
  /** The kinds that the server serves, for conversions and equivalent matches of webhooks. */
  catalogue: import('@k/api').Catalogue;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  log?: { warn(data: object, text: string): void; error(data: object, text: string): void };
  /** The compiler of expressions, shared by all that compile some. Default: one for each controller. */
  expressions?: import('./cel/admission-expressions.js').AdmissionExpressions;
  /** Shared with whatever recalculates quotas in the same process. Default: the controller's own. */
  quotaLedger?: import('./quota/ledger.js').QuotaLedger;
  /** Observes durations in seconds; see the metric names in the README. */
  metrics?: AdmissionMetrics;
}

/** Where the chain reports what it did. */
export interface AdmissionMetrics {
  observe(name: string, labels: Record<string, string>, valueSeconds: number): void;
  /** An `observe` whose metric and labels are fixed, for what is observed on every request. */
  bind?(name: string, labels: Record<string, string>): (valueSeconds: number) => void;
  increment(name: string, labels: Record<string, string>): void;
}
