import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import { internalForm } from './internal-form.js';
import { isDualStack, parseCidr, validateCidr } from './ip-address.js';
import type { KindValidation } from './kind-validation.js';
import { validateKubeFinalizer } from './metadata.js';
import { isDns1123Label, isLabelValue, isQualifiedName } from './names.js';
import { type ResourceList, validateResourceQuantity } from './resources.js';
import { validateTaintEffect } from './scheduling.js';

/** Finalizers in a namespace's spec: qualified, or Kubernetes' own. */
function validateSpecFinalizer(finalizer: string, at: string, errors: FieldErrors): void {
  errors.invalidEach(at, finalizer, isQualifiedName(finalizer));
  validateKubeFinalizer(finalizer, at, errors);
}

function specFinalizers(object: KubeObject): string[] {
  return (object['spec'] as { finalizers?: string[] } | undefined)?.finalizers ?? [];
}

/** Namespaces. */
export const namespaceValidation: KindValidation = {
  nameRule: (name, prefix) => isDns1123Label(prefix ? name.replace(/-$/, 'a') : name),
  create: (object, errors) => {
    for (const finalizer of specFinalizers(object)) validateSpecFinalizer(finalizer, 'spec.finalizers', errors);
  },
  update: () => {},
  subresources: {
    status: (object, _old, errors) => {
      const phase = (object['status'] as { phase?: string } | undefined)?.phase ?? '';
      const deleted = object.metadata?.deletionTimestamp !== undefined;
      const wanted = deleted ? 'Terminating' : 'Active';
      const condition = deleted ? 'is not empty' : 'is empty';
      if (phase !== wanted) errors.invalid('status.Phase', phase, `may only be '${wanted}' if \`deletionTimestamp\` ${condition}`);
    },
    finalize: (object, _old, errors) => {
      specFinalizers(object).forEach((finalizer, i) => {
        validateSpecFinalizer(finalizer, `spec.finalizers[${i}]`, errors);
      });
    },
  },
};

interface Taint {
  key?: string;
  value?: string;
  effect?: string;
}

interface NodeSpec {
  podCIDRs?: string[];
  providerID?: string;
  taints?: Taint[];
  externalID?: string;
}

interface NodeStatus {
  capacity?: ResourceList;
  allocatable?: ResourceList;
  addresses?: { type?: string; address?: string }[];
}

function validateTaints(taints: Taint[] = [], errors: FieldErrors): void {
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    // Upstream looks for taints below `metadata`.
    const at = `metadata.taints[${i}]`;
    const { key = '', value = '', effect = '' } = taint;
    errors.invalidEach(`${at}.key`, key, isQualifiedName(key));
    const messages = isLabelValue(value);
    if (messages.length > 0) errors.invalid(`${at}.value`, value, messages.join(';'));
    validateTaintEffect(effect, `${at}.effect`, errors);
    const pair = `${key}\n${effect}`;
    if (seen.has(pair)) errors.duplicate(at, internalForm('Taint', taint), 'taints must be unique by key and effect pair');
    seen.add(pair);
  });
}

function validateNodeStatus(object: KubeObject, errors: FieldErrors): void {
  const status = (object['status'] as NodeStatus | undefined) ?? {};
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const name in status[list]) {
      validateResourceQuantity(name, status[list]?.[name] as string, `status.${list}.${name}`, errors);
    }
  }
}

function validateNodeCidrs(cidrs: string[] = [], errors: FieldErrors): void {
  const at = 'spec.podCIDRs';
  cidrs.forEach((cidr, i) => {
    validateCidr(cidr, `${at}[${i}]`, errors);
  });
  if (cidrs.length < 2) return;
  if (cidrs.length > 2 || !isDualStack(cidrs.map((cidr) => parseCidr(cidr)?.family))) {
    errors.invalid(at, cidrs, 'may specify no more than one CIDR for each IP family');
  }
  cidrs.forEach((cidr, i) => {
    if (cidrs.indexOf(cidr) < i) errors.duplicate(`${at}[${i}]`, cidr);
  });
}

function validateChangedNode(object: KubeObject, old: KubeObject, errors: FieldErrors): void {
  const spec = (object['spec'] as NodeSpec | undefined) ?? {};
  const before = (old['spec'] as NodeSpec | undefined) ?? {};
  validateNodeStatus(object, errors);
  const addresses = (object['status'] as NodeStatus | undefined)?.addresses ?? [];
  const seen = new Set<string>();
  addresses.forEach((address, i) => {
    const key = `${address.type}/${address.address}`;
    if (seen.has(key)) errors.duplicate(`status.addresses[${i}]`, internalForm('NodeAddress', address));
    seen.add(key);
  });
  const cidrs = before.podCIDRs ?? [];
  if (cidrs.length > 0) {
    const now = spec.podCIDRs ?? [];
    const detail = 'node updates may not change podCIDR except from "" to valid';
    if (now.length !== cidrs.length) errors.forbidden('spec.podCIDRs', detail);
    else for (const [i, cidr] of cidrs.entries()) if (cidr !== now[i]) errors.forbidden('spec.podCIDRs', detail);
  }
  if ((before.providerID ?? '') !== '' && before.providerID !== spec.providerID) {
    errors.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
  }
  validateTaints(spec.taints, errors);
  if ((spec.externalID ?? '') !== (before.externalID ?? '')) errors.forbidden('spec.externalID', 'may not be updated');
}

/** Nodes. */
export const nodeValidation: KindValidation = {
  create: (object, errors) => {
    const spec = (object['spec'] as NodeSpec | undefined) ?? {};
    validateTaints(spec.taints, errors);
    validateNodeStatus(object, errors);
    validateNodeCidrs(spec.podCIDRs, errors);
  },
  update: validateChangedNode,
  subresources: { status: validateChangedNode },
};
