/** Advice about storage: fractions of bytes, replaced annotations and node labels. */
import type { KubeObject } from '@k/apimachinery';
import type { ClaimSpec } from './claims.js';
import { nodeLabelAdvice, nodeTermWarnings } from './node-labels.js';
import { quantityOf, type ResourceList } from './resources.js';
import type { NodeSelectorTerm } from './scheduling-types.js';
import type { Selector } from './selectors.js';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** Bytes come whole. */
export function fractionWarnings(list: ResourceList | undefined, names: readonly string[], at: string): string[] {
  const out: string[] = [];
  for (const name of names) {
    const text = list?.[name];
    if (text === undefined || !/[mun]$/.test(text) || quantityOf(text).milliValue() % 1000n === 0n) continue;
    out.push(`${at}[${name}]: fractional byte value ${JSON.stringify(text)} is invalid, must be an integer`);
  }
  return out;
}

/** Warnings about the spec of a claim. */
export function claimSpecWarnings(spec: ClaimSpec, at: string): string[] {
  return [
    ...fractionWarnings(spec.resources?.requests, ['storage'], `${at}.resources.requests`),
    ...fractionWarnings(spec.resources?.limits, ['storage'], `${at}.resources.limits`),
  ];
}

function betaClassWarnings(object: KubeObject): string[] {
  if (object.metadata?.annotations?.[BETA_CLASS] === undefined) return [];
  return [`metadata.annotations[${BETA_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`];
}

/** Warnings about a claim. */
export function claimWarnings(object: KubeObject): string[] {
  return [...betaClassWarnings(object), ...claimSpecWarnings((object['spec'] ?? {}) as ClaimSpec, 'spec')];
}

interface VolumeSpec {
  persistentVolumeReclaimPolicy?: string;
  nodeAffinity?: { required?: { nodeSelectorTerms?: NodeSelectorTerm[] } };
}

/** Warnings about a persistent volume. */
export function volumeWarnings(object: KubeObject): string[] {
  const { persistentVolumeReclaimPolicy: policy, nodeAffinity } = (object['spec'] ?? {}) as VolumeSpec;
  const out = betaClassWarnings(object);
  if (policy === 'Recycle') {
    out.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  }
  nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, i) => {
    out.push(...nodeTermWarnings(term, false, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`));
  });
  return out;
}

/** Warnings about a storage class. */
export function storageClassWarnings(object: KubeObject): string[] {
  const terms = (object['allowedTopologies'] ?? []) as { matchLabelExpressions?: { key?: string }[] }[];
  return terms.flatMap(({ matchLabelExpressions = [] }, i) =>
    matchLabelExpressions.flatMap(({ key = '' }, j) => {
      const advice = nodeLabelAdvice(key);
      return advice === undefined ? [] : [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${advice}`];
    }),
  );
}

/** Warnings about what a driver says it can still store. */
export function storageCapacityWarnings(object: KubeObject): string[] {
  const { matchExpressions = [], matchLabels = {} } = (object['nodeTopology'] ?? {}) as Selector;
  return [
    ...nodeTermWarnings({ matchExpressions }, false, 'nodeTopology'),
    ...Object.keys(matchLabels).flatMap((label) => {
      const advice = nodeLabelAdvice(label);
      return advice === undefined ? [] : [`nodeTopology.matchLabels.${label}: ${advice}`];
    }),
  ];
}
