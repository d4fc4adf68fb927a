/** Policies and bindings as they are stored. */
import type { KubeObject, LabelSelectorObject } from '@k/apimachinery';
import type { NamedRule } from '../webhooks/request-matcher.js';

export interface MatchResources {
  resourceRules?: NamedRule[];
  excludeResourceRules?: NamedRule[];
  matchPolicy?: 'Exact' | 'Equivalent';
  namespaceSelector?: LabelSelectorObject;
  objectSelector?: LabelSelectorObject;
}

/** What both kinds of policies have. */
export interface PolicySpec {
  failurePolicy?: 'Fail' | 'Ignore';
  paramKind?: { apiVersion?: string; kind?: string };
  matchConstraints?: MatchResources;
  matchConditions?: { name: string; expression: string }[];
  variables?: { name: string; expression: string }[];
}

export interface ValidatingSpec extends PolicySpec {
  validations?: { expression: string; message?: string; messageExpression?: string; reason?: string }[];
  auditAnnotations?: { key: string; valueExpression: string }[];
}

export interface MutatingSpec extends PolicySpec {
  mutations?: { patchType: string; applyConfiguration?: { expression?: string }; jsonPatch?: { expression?: string } }[];
  reinvocationPolicy?: 'Never' | 'IfNeeded';
}

export interface ParamRef {
  name?: string;
  namespace?: string;
  selector?: LabelSelectorObject;
  parameterNotFoundAction?: 'Allow' | 'Deny';
}

export interface BindingSpec {
  policyName?: string;
  paramRef?: ParamRef;
  matchResources?: MatchResources;
  validationActions?: ('Deny' | 'Warn' | 'Audit')[];
}

/** A ValidatingAdmissionPolicy or MutatingAdmissionPolicy. */
export interface PolicyObject<Spec extends PolicySpec = PolicySpec> extends KubeObject {
  spec?: Spec;
}

/** A binding of either kind. */
export interface BindingObject extends KubeObject {
  spec?: BindingSpec;
}
