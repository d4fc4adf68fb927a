/** What a request for a Kubernetes-style path asks for. */
import type { AuditAttributes } from './policy/policy.js';

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  GET: 'get',
  HEAD: 'get',
};
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** The part of a request that policies look at, without its user. */
export type KubernetesAttributes = Omit<AuditAttributes, 'user'> & { apiVersion: string };

/**
 * Reads `/api/VERSION/…` and `/apis/GROUP/VERSION/…` as kube-apiserver does; every other path is its own subject.
 *
 * @param verb - An HTTP method in upper case, from which the verb follows, or the verb itself.
 */
export function kubernetesAttributes(verb: string, uri: string): KubernetesAttributes {
  const question = uri.indexOf('?');
  const path = question < 0 ? uri : uri.slice(0, question);
  const query = new URLSearchParams(question < 0 ? '' : uri.slice(question + 1));
  const isMethod = verb === verb.toUpperCase();
  const none: KubernetesAttributes = {
    verb: verb.toLowerCase(),
    isResourceRequest: false,
    apiGroup: '',
    apiVersion: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path,
  };
  const parts = path.split('/').filter((part) => part !== '');
  const root = parts.shift();
  if ((root !== 'api' && root !== 'apis') || parts.length < (root === 'api' ? 2 : 3)) return none;
  const out = { ...none, isResourceRequest: true, verb: isMethod ? (VERBS[verb] ?? '') : verb };
  if (root === 'apis') out.apiGroup = parts.shift() as string;
  out.apiVersion = parts.shift() as string;
  if (parts.length > 1 && (parts[0] === 'watch' || parts[0] === 'proxy')) out.verb = parts.shift() as string;
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    out.namespace = parts[1];
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] as string)) parts.splice(0, 2);
  }
  [out.resource = '', out.name = '', out.subresource = ''] = parts;
  if (out.name === '') {
    out.name = /(?:^|,)metadata\.name==?([^,!=/]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
    if (out.verb === 'get' && isMethod) out.verb = /^(1|t|true)$/i.test(query.get('watch') ?? '') ? 'watch' : 'list';
    if (out.verb === 'delete' && isMethod) out.verb = 'deletecollection';
  }
  return out;
}
