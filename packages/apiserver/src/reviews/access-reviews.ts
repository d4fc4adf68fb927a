/** `authorization.k8s.io/v1`: asks the authorizer on somebody's behalf. */
import { isLabelValue, isQualifiedName } from '@k/api';
import { type FieldError, forbidden, invalid, type KubeObject, newBadRequest, newInvalid, required } from '@k/apimachinery';
import type { AuthorizationAttributes, UserInfo } from '@k/auth';
import type { RequestContext } from '../context.js';
import { checkNamespace } from '../rest/create.js';
import { sendKubeObject } from '../rest/render.js';
import type { ResourceHandler, ResourceScope, ServerContext } from '../server-context.js';
import { decodeReview } from './decode-review.js';
import { reviewSelectors, type SelectorAttributes, type SelectorRequirement } from './review-selectors.js';

interface ResourceAttributes {
  namespace?: string;
  verb?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  fieldSelector?: SelectorAttributes;
  labelSelector?: SelectorAttributes;
}
interface ReviewSpec {
  resourceAttributes?: ResourceAttributes;
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  groups?: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

/** How Go prints the internal type. */
function goNonResource(attributes: { path?: string; verb?: string }): object {
  return { Path: attributes.path ?? '', Verb: attributes.verb ?? '' };
}

function validateSelector(selector: SelectorAttributes | undefined, path: string, isLabel: boolean): FieldError[] {
  if (selector === undefined) return [];
  const errors: FieldError[] = [];
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '' && requirements.length > 0) {
    errors.push(invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'));
  }
  if (rawSelector === '' && requirements.length === 0) {
    errors.push(required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`));
  }
  requirements.forEach((requirement, i) => {
    errors.push(...validateRequirement(requirement, `${path}.requirements[${i}]`, isLabel));
  });
  return errors;
}

function validateRequirement(requirement: SelectorRequirement, path: string, isLabel: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { key = '', operator = '', values = [] } = requirement;
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  if (!isLabel) {
    if (key === '') errors.push(required(`${path}.key`, 'must be specified'));
    return errors;
  }
  errors.push(...isQualifiedName(key).map((text) => invalid(`${path}.key`, key, text)));
  values.forEach((value, i) => {
    errors.push(...isLabelValue(value).map((text) => invalid(`${path}.values[${i}]`, value, text)));
  });
  return errors;
}

function validateAttributes(spec: ReviewSpec, isLocal: boolean): FieldError[] {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const errors: FieldError[] = [];
  if (resource !== undefined && path !== undefined) {
    errors.push(invalid('spec.nonResourceAttributes', goNonResource(path), 'cannot be specified in combination with resourceAttributes'));
  }
  if (resource === undefined && (path === undefined || isLocal)) {
    if (path === undefined) {
      errors.push(invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'));
    }
  }
  errors.push(...validateSelector(resource?.fieldSelector, 'spec.resourceAttributes.fieldSelector', false));
  errors.push(...validateSelector(resource?.labelSelector, 'spec.resourceAttributes.labelSelector', true));
  return errors;
}

function validateSubject(spec: ReviewSpec): FieldError[] {
  return (spec.user ?? '') === '' && (spec.groups ?? []).length === 0
    ? [invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified')]
    : [];
}

function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw newInvalid({ group: 'authorization.k8s.io', kind: '' }, '', errors);
}

function attributesOf(spec: ReviewSpec, user: UserInfo): AuthorizationAttributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource === undefined) {
    return {
      user,
      verb: path?.verb ?? '',
      isResourceRequest: false,
      apiGroup: '',
      apiVersion: '',
      resource: '',
      subresource: '',
      namespace: '',
      name: '',
      path: path?.path ?? '',
    };
  }
  return {
    user,
    verb: resource.verb ?? '',
    isResourceRequest: true,
    apiGroup: resource.group ?? '',
    apiVersion: resource.version ?? '*',
    resource: resource.resource ?? '',
    subresource: resource.subresource ?? '',
    namespace: resource.namespace ?? '',
    name: resource.name ?? '',
    path: '',
    ...reviewSelectors(resource.fieldSelector, resource.labelSelector),
  };
}

async function answer(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  object: KubeObject,
  user: UserInfo,
): Promise<void> {
  const decision = await server.authorizer.authorize(attributesOf((object['spec'] ?? {}) as ReviewSpec, user), context.exchange);
  object['status'] = {
    allowed: decision.decision === 'allow',
    ...(decision.decision === 'deny' ? { denied: true } : {}),
    ...(decision.reason === '' ? {} : { reason: decision.reason }),
    ...(decision.error === undefined || decision.error === '' ? {} : { evaluationError: decision.error }),
  };
  await sendKubeObject(context, scope, 201, object);
}

/** SelfSubjectAccessReview: may I? */
export const handleSelfSubjectAccessReview: ResourceHandler = async (server, context, scope) => {
  const object = await decodeReview(server, context, scope);
  const spec = ((object['spec'] as ReviewSpec | undefined) ??= {}) as ReviewSpec;
  refuse(validateAttributes(spec, false));
  await answer(server, context, scope, object, context.user);
};

function subjectOf(spec: ReviewSpec): UserInfo {
  return {
    username: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.extra === undefined ? {} : { extra: spec.extra }),
  };
}

/** SubjectAccessReview: may they? */
export const handleSubjectAccessReview: ResourceHandler = async (server, context, scope) => {
  const object = await decodeReview(server, context, scope);
  const spec = (object['spec'] ?? {}) as ReviewSpec;
  refuse([...validateAttributes(spec, false), ...validateSubject(spec)]);
  await answer(server, context, scope, object, subjectOf(spec));
};

/** LocalSubjectAccessReview: may they, in this namespace? */
export const handleLocalSubjectAccessReview: ResourceHandler = async (server, context, scope) => {
  const object = await decodeReview(server, context, scope);
  checkNamespace(scope, object);
  const spec = (object['spec'] ?? {}) as ReviewSpec;
  const errors = [...validateAttributes(spec, true), ...validateSubject(spec)];
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource !== undefined && (resource.namespace ?? '') !== scope.namespace) {
    errors.push(invalid('spec.resourceAttributes.namespace', resource.namespace ?? '', 'must match metadata.namespace'));
  }
  if (path !== undefined) {
    errors.length = 0;
    errors.push(invalid('spec.nonResourceAttributes', goNonResource(path), 'disallowed on this kind of request'));
  }
  refuse(errors);
  await answer(server, context, scope, object, subjectOf(spec));
};

/** SelfSubjectRulesReview: what may I do in a namespace? */
export const handleSelfSubjectRulesReview: ResourceHandler = async (server, context, scope) => {
  const object = await decodeReview(server, context, scope);
  const namespace = (object['spec'] as { namespace?: string } | undefined)?.namespace ?? '';
  if (namespace === '') throw newBadRequest('no namespace on request');
  const rules = await server.authorizer.rulesFor?.(context.user, namespace);
  object['status'] = {
    resourceRules: rules?.resourceRules ?? [],
    nonResourceRules: rules?.nonResourceRules ?? [],
    incomplete: rules?.incomplete ?? false,
    ...(rules?.evaluationError === undefined ? {} : { evaluationError: rules.evaluationError }),
  };
  await sendKubeObject(context, scope, 201, object);
};
