/** Refuses policies whose expressions do not compile, and those that would read what their author may not. */
import { type AdmissionExpressions, policyExpressions } from '@k/admission/policies';
import { validatePolicy } from '@k/api';
import { newInvalid } from '@k/apimachinery';
import type { WriteHook } from '../server-context.js';
import { paramReadFault } from './param-rights.js';

const GROUP = 'admissionregistration.k8s.io';

/** The hooks of both kinds of policies and their bindings, by `resource.group`. */
export function policyHooks(expressions: AdmissionExpressions): [string, WriteHook][] {
  const hooks: [string, WriteHook][] = [];
  for (const isMutating of [false, true]) {
    const prefix = isMutating ? 'mutating' : 'validating';
    const kind = isMutating ? 'MutatingAdmissionPolicy' : 'ValidatingAdmissionPolicy';
    hooks.push([`${prefix}admissionpolicies.${GROUP}`, { check: policyCheck(expressions, kind, isMutating) }]);
    hooks.push([`${prefix}admissionpolicybindings.${GROUP}`, { check: bindingCheck(`${kind}Binding`, `${prefix}admissionpolicies`) }]);
  }
  return hooks;
}

function policyCheck(expressions: AdmissionExpressions, kind: string, isMutating: boolean): NonNullable<WriteHook['check']> {
  return async (server, context, object, old) => {
    const compile = (hasParams: boolean) => policyExpressions(expressions, { isMutating, hasParams });
    const errors = validatePolicy(object, old, isMutating, compile);
    // Without a word about expressions, validation says all this and more.
    if (errors.length > validatePolicy(object, old, isMutating).length) {
      throw newInvalid({ group: GROUP, kind }, object.metadata?.name ?? '', errors);
    }
    if (errors.length > 0) return;
    const { paramKind } = (object['spec'] ?? {}) as { paramKind?: { apiVersion?: string; kind?: string } };
    const before = ((old?.['spec'] ?? {}) as { paramKind?: object }).paramKind;
    if (paramKind === undefined || JSON.stringify(paramKind) === JSON.stringify(before)) return;
    const fault = await paramReadFault(server, context, paramKind);
    if (fault === null) return;
    const forbidden = { type: 'FieldValueForbidden', field: 'spec.paramKind', detail: fault } as const;
    throw newInvalid({ group: GROUP, kind }, object.metadata?.name ?? '', [forbidden]);
  };
}

interface BindingSpec {
  policyName?: string;
  paramRef?: { name?: string; namespace?: string };
}

function bindingCheck(kind: string, policies: string): NonNullable<WriteHook['check']> {
  return async (server, context, object, old) => {
    const { policyName = '', paramRef } = (object['spec'] ?? {}) as BindingSpec;
    const before = ((old?.['spec'] ?? {}) as BindingSpec).paramRef;
    if (paramRef === undefined || JSON.stringify(paramRef) === JSON.stringify(before)) return;
    const policy = server.informers.get(GROUP, policies, '', policyName);
    const { paramKind } = (policy?.['spec'] ?? {}) as { paramKind?: { apiVersion?: string; kind?: string } };
    const fault = await paramReadFault(server, context, paramKind ?? {}, paramRef);
    if (fault === null) return;
    const forbidden = { type: 'FieldValueForbidden', field: 'spec.paramRef', detail: fault } as const;
    throw newInvalid({ group: GROUP, kind }, object.metadata?.name ?? '', [forbidden]);
  };
}
