/** What an authorization webhook is asked. */
import { parseFieldSelector, parseLabelSelector } from '@k/apimachinery';
import type { AuthorizationAttributes } from '../interface.js';
import type { ReviewFields } from './review-client.js';

/** One requirement of a selector, as reviews carry it. */
export interface ReviewRequirement {
  key: string;
  operator: string;
  values?: string[];
}

/** `spec` of a SubjectAccessReview of `authorization.k8s.io/v1`; what is empty is absent. */
export interface AccessReviewSpec {
  resourceAttributes?: {
    namespace?: string;
    verb?: string;
    group?: string;
    version?: string;
    resource?: string;
    subresource?: string;
    name?: string;
    fieldSelector?: { requirements: ReviewRequirement[] };
    labelSelector?: { requirements: ReviewRequirement[] };
  };
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
  uid?: string;
}

const LABEL_OPERATORS: Readonly<Record<string, string>> = {
  '=': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
};

/** Drops empty texts, as Go's `omitempty` does. */
function filled<T extends Record<string, string>>(texts: T): Partial<T> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '')) as Partial<T>;
}

/** Requirements that cannot be read or said are left out: the service then sees a request for more than it is. */
function fieldRequirements(text: string): ReviewRequirement[] {
  try {
    return parseFieldSelector(text).map(({ field, operator, value }) => ({
      key: field,
      operator: operator === '=' ? 'In' : 'NotIn',
      values: [value],
    }));
  } catch {
    return [];
  }
}

function labelRequirements(text: string): ReviewRequirement[] {
  try {
    return parseLabelSelector(text).flatMap(({ key, operator: symbol, values }) => {
      const operator = LABEL_OPERATORS[symbol];
      if (operator === undefined) return [];
      return [{ key, operator, ...(values.length === 0 ? {} : { values: [...values] }) }];
    });
  } catch {
    return [];
  }
}

/** The question of a request. */
export function accessReviewSpec(attributes: AuthorizationAttributes): AccessReviewSpec {
  const { user, verb, isResourceRequest, apiGroup: group, apiVersion: version, resource, subresource, namespace, name, path } = attributes;
  const fields = fieldRequirements(attributes.fieldSelector ?? '');
  const labels = labelRequirements(attributes.labelSelector ?? '');
  const { username, uid = '', groups, extra = {} } = user;
  return {
    ...(isResourceRequest
      ? {
          resourceAttributes: {
            ...filled({ namespace, verb, group, version, resource, subresource, name }),
            ...(fields.length === 0 ? {} : { fieldSelector: { requirements: fields } }),
            ...(labels.length === 0 ? {} : { labelSelector: { requirements: labels } }),
          },
        }
      : { nonResourceAttributes: filled({ path, verb }) }),
    ...filled({ user: username }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
    ...filled({ uid }),
  };
}

/** The review to post; `v1beta1` calls the groups `group`. */
export function accessReview(spec: AccessReviewSpec, version: 'v1' | 'v1beta1'): ReviewFields {
  const { groups, ...rest } = spec;
  const named = groups === undefined ? {} : version === 'v1' ? { groups } : { group: groups };
  return {
    kind: 'SubjectAccessReview',
    apiVersion: `authorization.k8s.io/${version}`,
    metadata: {},
    spec: { ...rest, ...named },
    status: { allowed: false },
  };
}
