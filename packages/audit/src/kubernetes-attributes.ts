/** What a request for a Kubernetes-style path asks for. */
import { decodePath, parseQuery, resolveRequestInfo } from '@k/apimachinery';
import type { AuditAttributes } from './policy/policy.js';

/** The part of a request that policies look at, without its user. */
export type KubernetesAttributes = Omit<AuditAttributes, 'user'> & { apiVersion: string };

/** Methods whose requests have these verbs: what a field selector means depends on it. */
const METHODS: Readonly<Record<string, string>> = { get: 'GET', list: 'GET', watch: 'GET', deletecollection: 'DELETE' };

/**
 * Reads `/api/VERSION/…` and `/apis/GROUP/VERSION/…` as kube-apiserver does; every other path is its own subject.
 * Escapes are decoded: policies cannot be got round by spelling a path in another way.
 *
 * @param verb - An HTTP method in upper case, from which the verb follows, or the verb itself.
 * @param uri - Path and query as sent.
 */
export function kubernetesAttributes(verb: string, uri: string): KubernetesAttributes {
  const question = uri.indexOf('?');
  const path = question < 0 ? uri : uri.slice(0, question);
  const query = question < 0 ? null : parseQuery(uri.slice(question + 1));
  const isMethod = verb === verb.toUpperCase();
  const info = resolveRequestInfo(isMethod ? verb : (METHODS[verb] ?? ''), path, query);
  const { isResourceRequest, apiGroup, apiVersion, resource, subresource, namespace, name } = info;
  return {
    verb: isMethod ? info.verb : verb,
    isResourceRequest,
    apiGroup,
    apiVersion,
    resource,
    subresource,
    namespace,
    name,
    path: decodePath(path) ?? path,
  };
}
