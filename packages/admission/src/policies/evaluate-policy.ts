/** Asks one policy about one object, without a server: for tests and for checks in CI. */
import { type Catalogue, createBuiltInCatalogue, validatePolicy } from '@k/api';
import { type KubeObject, newInvalid, parseGroupVersion } from '@k/apimachinery';
import { createAdmissionRequest } from '../admission-request.js';
import { AdmissionExpressions } from '../cel/admission-expressions.js';
import { AdmissionChain } from '../chain.js';
import type { AdmissionUser, AuthorizeFunction, Operation } from '../interface.js';
import { MemoryObjects, memoryDependencies } from '../memory-objects.js';
import type { AdmissionOutcome } from '../outcome.js';
import { ADMISSION_REGISTRATION } from '../webhooks/hooks.js';
import { policyExpressions } from './check-policy.js';
import { completeObject } from './complete-object.js';
import { mutatingAdmissionPolicy } from './mutating.js';
import { validatingAdmissionPolicy } from './validating.js';

/** What a policy is asked about. */
export interface PolicyQuestion {
  /** A ValidatingAdmissionPolicy or MutatingAdmissionPolicy. */
  policy: KubeObject;
  /** Default: one that denies, takes all that the policy takes, and uses all of `params`. */
  binding?: KubeObject;
  /** Null for DELETE. */
  object: KubeObject | null;
  oldObject?: KubeObject | null;
  /** Default: UPDATE with an old object, else CREATE. */
  operation?: Operation;
  /** '' = the resource itself. */
  subresource?: string;
  /** Parameters, of the kind that the policy names. */
  params?: readonly KubeObject[];
  /** The namespace of the object. Default: one with nothing but its name. */
  namespace?: KubeObject;
  /** Default: `system:anonymous`. */
  user?: AdmissionUser;
  dryRun?: boolean;
  /** What the variable `authorizer` answers. Default: nobody may do anything. */
  authorize?: AuthorizeFunction;
  /** Default: the built-in kinds. */
  catalogue?: Catalogue;
}

/**
 * Evaluates the policy as a server would: match constraints and conditions, parameters, failure policy. Objects get their
 * defaults first; a `patch` in the answer is about the object with its defaults.
 *
 * @throws StatusError 422 when the policy is not valid, with every fault of its expressions.
 * @throws {RangeError} for kinds that the catalogue does not know.
 */
export async function evaluatePolicy(question: PolicyQuestion): Promise<AdmissionOutcome> {
  const { oldObject = null, params = [], subresource = '' } = question;
  const catalogue = question.catalogue ?? createBuiltInCatalogue();
  const expressions = new AdmissionExpressions();
  const policy = prepared(question.policy, catalogue, expressions);
  const isMutating = policy.kind === 'MutatingAdmissionPolicy';
  const prefix = isMutating ? 'mutating' : 'validating';
  const name = policy.metadata?.name ?? '';
  const objects = new MemoryObjects();
  objects.set(ADMISSION_REGISTRATION, `${prefix}admissionpolicies`, policy);
  objects.set(ADMISSION_REGISTRATION, `${prefix}admissionpolicybindings`, question.binding ?? bindingOf(name, params));
  for (const param of params) {
    const { definition } = served(catalogue, param);
    objects.set(definition.group, definition.resource, param);
  }
  const known = question.object ?? oldObject;
  if (known === null) throw new RangeError('object: neither an object nor an old one is given');
  const { definition, version } = served(catalogue, known);
  const complete = (given: KubeObject | null): KubeObject | null =>
    given === null ? null : completeObject(given, { definition, version });
  const object = complete(question.object);
  const where = known.metadata?.namespace ?? '';
  if (where !== '') objects.set('', 'namespaces', question.namespace ?? namespaceCalled(where));
  const request = createAdmissionRequest({
    operation: question.operation ?? (oldObject === null ? 'CREATE' : object === null ? 'DELETE' : 'UPDATE'),
    kind: { group: definition.group, version: version.version, kind: definition.kind },
    resource: { group: definition.group, version: version.version, resource: definition.resource },
    subresource,
    object,
    oldObject: complete(oldObject),
    ...(question.user === undefined ? {} : { user: question.user }),
    ...(question.dryRun === undefined ? {} : { dryRun: question.dryRun }),
  });
  const { authorize } = question;
  const dependencies = memoryDependencies(objects, { catalogue, expressions, ...(authorize === undefined ? {} : { authorize }) });
  const controller = isMutating ? mutatingAdmissionPolicy(dependencies) : validatingAdmissionPolicy(dependencies);
  return new AdmissionChain({ controllers: [controller] }).admit(request);
}

function served(catalogue: Catalogue, { apiVersion = '', kind = '' }: KubeObject) {
  const version = parseGroupVersion(apiVersion);
  const found = version === null ? undefined : catalogue.findKind(version.group, version.version, kind);
  if (found === undefined) throw new RangeError(`no kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
  return found;
}

/** With its defaults, and valid. */
function prepared(given: KubeObject, catalogue: Catalogue, expressions: AdmissionExpressions): KubeObject {
  const policy = structuredClone(given);
  const { definition, version } = served(catalogue, policy);
  const isMutating = definition.kind === 'MutatingAdmissionPolicy';
  if (definition.group !== ADMISSION_REGISTRATION || (!isMutating && definition.kind !== 'ValidatingAdmissionPolicy')) {
    throw new RangeError(`policy: ${JSON.stringify(policy.kind)} is no admission policy`);
  }
  definition.strategy.applyDefaults?.(policy, version.version);
  const errors = validatePolicy(policy, null, isMutating, (hasParams) => policyExpressions(expressions, { isMutating, hasParams }));
  if (errors.length > 0) throw newInvalid({ group: definition.group, kind: definition.kind }, policy.metadata?.name ?? '', errors);
  return policy;
}

function bindingOf(policyName: string, params: readonly KubeObject[]): KubeObject {
  const namespace = params[0]?.metadata?.namespace;
  const where = namespace === undefined ? {} : { namespace };
  const paramRef = params.length === 0 ? {} : { paramRef: { ...where, selector: {}, parameterNotFoundAction: 'Deny' } };
  return { metadata: { name: policyName }, spec: { policyName, validationActions: ['Deny'], ...paramRef } };
}

function namespaceCalled(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'kubernetes.io/metadata.name': name } } };
}
