/** Any JSON value. 64-bit integers outside ±2^53 are kept as `bigint` by the strict parser. */
export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | { [key: string]: JsonValue };

/** A JSON object, the shape in which API objects travel through the server. */
export type JsonObject = { [key: string]: JsonValue };

/** `metav1.OwnerReference`. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** `metav1.ManagedFieldsEntry`: which manager owns which fields, and by which operation. */
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: 'Apply' | 'Update';
  apiVersion?: string;
  /** RFC 3339, whole seconds. */
  time?: string;
  fieldsType?: 'FieldsV1';
  fieldsV1?: JsonObject;
  subresource?: string;
}

/** `metav1.ObjectMeta`. Times are RFC 3339 with whole seconds, as kube-apiserver prints them. */
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string | null;
  deletionTimestamp?: string;
  /** Seconds. */
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
  selfLink?: string;
}

/** Any API object: what every kind has in common; the rest is reached by index. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  [field: string]: unknown;
}

/** A group and a resource, e.g. `{ group: 'apps', resource: 'deployments' }`; the core group is `''`. */
export interface GroupResource {
  group: string;
  resource: string;
}

/** A group and a kind. */
export interface GroupKind {
  group: string;
  kind: string;
}

/** A group, a version and a kind. */
export interface GroupVersionKind extends GroupKind {
  version: string;
}

/** A group, a version and a resource. */
export interface GroupVersionResource extends GroupResource {
  version: string;
}

/** `deployments.apps`, or `pods` in the core group: how messages and configuration files write a resource. */
export function formatGroupResource(gr: GroupResource): string {
  return gr.group === '' ? gr.resource : `${gr.resource}.${gr.group}`;
}

/** `Deployment.apps`, or `Pod` in the core group. */
export function formatGroupKind(gk: GroupKind): string {
  return gk.group === '' ? gk.kind : `${gk.kind}.${gk.group}`;
}

/** `apps/v1`, or `v1` in the core group: the `apiVersion` field. */
export function formatGroupVersion(gv: { group: string; version: string }): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
}

/**
 * Splits an `apiVersion`.
 *
 * @returns `null` when it has more than one slash.
 */
export function parseGroupVersion(apiVersion: string): { group: string; version: string } | null {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return { group: '', version: apiVersion };
  if (apiVersion.indexOf('/', slash + 1) >= 0) return null;
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}
