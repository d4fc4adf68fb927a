/** The parameters that a binding names. */

import type { ServedResource } from '@k/api';
import { type KubeObject, matchesLabels, parseGroupVersion, selectorFromLabelSelector } from '@k/apimachinery';
import type { AdmissionDependencies } from '../interface.js';
import type { CompiledPolicy } from './compiled-policy.js';
import type { ParamRef } from './types.js';

/** Milliseconds that a request waits for the cache of a kind that was not read before. */
const SYNC_MS_MAX = 1000;

/** A policy or binding that cannot be used as it is; the message is for the client. */
export class PolicyConfigurationError extends Error {}

type ParamKind = NonNullable<CompiledPolicy['paramKind']>;

/** The resource that `paramKind` means. @throws {@link PolicyConfigurationError} */
export function resolveParamKind({ apiVersion, kind }: ParamKind, { catalogue }: AdmissionDependencies): ServedResource {
  const version = parseGroupVersion(apiVersion);
  const served = version === null ? undefined : catalogue.findKind(version.group, version.version, kind);
  if (served === undefined) {
    throw new PolicyConfigurationError(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`);
  }
  return served;
}

/**
 * The parameters of one binding for a request: `[null]` for a policy without any, `[]` when none were found and none are
 * needed.
 *
 * @param namespace - Of the request; '' for what is cluster-scoped.
 * @throws {@link PolicyConfigurationError}
 */
export async function collectParams(
  paramKind: ParamKind | null,
  ref: ParamRef | null,
  namespace: string,
  dependencies: AdmissionDependencies,
): Promise<readonly (KubeObject | null)[]> {
  if (paramKind === null || ref === null) return [null];
  const { definition, version } = resolveParamKind(paramKind, dependencies);
  const { group, resource } = definition;
  const { name = '', selector } = ref;
  let where = '';
  if (definition.namespaced) {
    where = (ref.namespace ?? '') === '' ? namespace : (ref.namespace as string);
    if (where === '')
      throw new PolicyConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  } else if ((ref.namespace ?? '') !== '') {
    throw new PolicyConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  await whenFilled(dependencies, group, resource, paramKind);
  const { objects } = dependencies;
  let found: readonly KubeObject[];
  if (name !== '') {
    if (selector !== undefined) throw new PolicyConfigurationError('paramRef.name and paramRef.selector are mutually exclusive');
    const one = objects.get(group, resource, where, name);
    found = one === undefined ? [] : [one];
  } else if (selector !== undefined) {
    const terms = selectorFromLabelSelector(selector) ?? [];
    found = objects.list(group, resource, where).filter(({ metadata }) => matchesLabels(terms, metadata?.labels ?? {}));
  } else throw new PolicyConfigurationError('one of name or selector must be provided');
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new PolicyConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  const { convert, convertAll } = definition;
  if (convertAll !== undefined) return convertAll(found, version.version);
  return convert === undefined ? found : found.map((object) => convert(object, version.version));
}

async function whenFilled({ objects }: AdmissionDependencies, group: string, resource: string, paramKind: ParamKind): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), SYNC_MS_MAX);
  });
  const outcome = await Promise.race([objects.ready(group, resource), late]);
  clearTimeout(timer);
  if (outcome !== 'late') return;
  const printed = `&ParamKind{APIVersion:${paramKind.apiVersion},Kind:${paramKind.kind},}`;
  throw new PolicyConfigurationError(`paramKind kind \`${printed}\` not yet synced to use for admission`);
}
