import { formatSelector, type KubeObject, type LabelSelectorObject, selectorFromLabelSelector } from '@k/apimachinery';
import { deepEqual } from '../validation/field-errors.js';
import type { PodSpec } from '../validation/pod-types.js';
import type { KindRules } from './index.js';
import { podSpecDefaults } from './pod-spec-defaults.js';

type Fields = Record<string, unknown>;

const UID_LABEL = 'batch.kubernetes.io/controller-uid';

/** Fills a pod template in place. */
export function podTemplateDefaults(template: KubeObject | undefined): void {
  if (template === undefined || template === null) return;
  podSpecDefaults((template['spec'] ??= {}) as PodSpec);
}

/** A claim template is shown as a whole claim. */
function claimTemplate({ apiVersion: _version, kind: _kind, ...claim }: KubeObject): KubeObject {
  const { spec, status } = claim as { spec?: Fields; status?: Fields };
  return {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    ...claim,
    spec: { ...spec, volumeMode: spec?.['volumeMode'] ?? 'Filesystem' },
    status: { ...status, phase: status?.['phase'] ?? 'Pending' },
  };
}

const DEFAULTS: Readonly<Record<string, (spec: Fields, object: KubeObject) => void>> = {
  deployments: (spec) => {
    spec['replicas'] ??= 1;
    const strategy = (spec['strategy'] ??= {}) as Fields;
    strategy['type'] ??= 'RollingUpdate';
    if (strategy['type'] === 'RollingUpdate') {
      const rolling = (strategy['rollingUpdate'] ??= {}) as Fields;
      rolling['maxUnavailable'] ??= '25%';
      rolling['maxSurge'] ??= '25%';
    }
    spec['revisionHistoryLimit'] ??= 10;
    spec['progressDeadlineSeconds'] ??= 600;
  },
  replicasets: (spec) => {
    spec['replicas'] ??= 1;
  },
  replicationcontrollers: (spec, object) => {
    spec['replicas'] ??= 1;
    const labels = (spec['template'] as KubeObject | undefined)?.metadata?.labels;
    if (labels === undefined || Object.keys(labels).length === 0) return;
    if (Object.keys((spec['selector'] as object | undefined) ?? {}).length === 0) spec['selector'] = { ...labels };
    const metadata = (object.metadata ??= {});
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  statefulsets: (spec) => {
    spec['replicas'] ??= 1;
    spec['podManagementPolicy'] ??= 'OrderedReady';
    const strategy = (spec['updateStrategy'] ??= {}) as Fields;
    strategy['type'] ??= 'RollingUpdate';
    if (strategy['type'] === 'RollingUpdate') {
      const rolling = (strategy['rollingUpdate'] ??= {}) as Fields;
      rolling['partition'] ??= 0;
    }
    spec['revisionHistoryLimit'] ??= 10;
    const retention = (spec['persistentVolumeClaimRetentionPolicy'] ??= {}) as Fields;
    retention['whenDeleted'] ??= 'Retain';
    retention['whenScaled'] ??= 'Retain';
    const claims = spec['volumeClaimTemplates'] as KubeObject[] | undefined;
    if (claims !== undefined) spec['volumeClaimTemplates'] = claims.map(claimTemplate);
  },
  daemonsets: (spec) => {
    const strategy = (spec['updateStrategy'] ??= {}) as Fields;
    strategy['type'] ??= 'RollingUpdate';
    if (strategy['type'] === 'RollingUpdate') {
      const rolling = (strategy['rollingUpdate'] ??= {}) as Fields;
      rolling['maxUnavailable'] ??= 1;
      rolling['maxSurge'] ??= 0;
    }
    spec['revisionHistoryLimit'] ??= 10;
  },
};

const INITIAL_STATUS: Readonly<Record<string, object>> = {
  deployments: {},
  replicasets: { replicas: 0 },
  replicationcontrollers: { replicas: 0 },
  statefulsets: { replicas: 0, availableReplicas: 0 },
  daemonsets: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
};

/** Generation rises with the spec; deployments count annotation changes too, unless they come with the status. */
function updateGeneration(object: KubeObject, old: KubeObject, withAnnotations: boolean): void {
  const metadata = (object.metadata ??= {});
  metadata.generation = old.metadata?.generation ?? 1;
  const specChanged = !deepEqual(object['spec'], old['spec']);
  const annotationsChanged = withAnnotations && !deepEqual(metadata.annotations, old.metadata?.annotations);
  if (specChanged || annotationsChanged) metadata.generation++;
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

/** The template of a daemon set has a generation of its own, which lives on as an annotation. */
function setTemplateGeneration(object: KubeObject, generation: number): void {
  const metadata = (object.metadata ??= {});
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

function templateGeneration(object: KubeObject): number {
  return Number(object.metadata?.annotations?.[TEMPLATE_GENERATION] ?? 0) || 0;
}

function keepTemplateGeneration(object: KubeObject, old: KubeObject): void {
  const template = (daemon: KubeObject): unknown => (daemon['spec'] as Fields | undefined)?.['template'];
  const changed = !deepEqual(template(object), template(old));
  setTemplateGeneration(object, templateGeneration(old) + (changed ? 1 : 0));
}

/** The status of a deployment is written without its labels. */
function keepLabels(object: KubeObject, old: KubeObject): void {
  const metadata = (object.metadata ??= {});
  if (old.metadata?.labels === undefined) delete metadata.labels;
  else metadata.labels = old.metadata.labels;
}

/** Deployments and their like: pod templates, replicas, status of their own. */
export function workloadStrategy(resource: string): KindRules {
  const scaled = resource !== 'daemonsets';
  return {
    hasGeneration: true,
    applyDefaults: (object) => {
      const spec = (object['spec'] ??= {}) as Fields;
      podTemplateDefaults(spec['template'] as KubeObject | undefined);
      DEFAULTS[resource]?.(spec, object);
      if (resource === 'daemonsets') setTemplateGeneration(object, templateGeneration(object));
    },
    prepareForCreate: (object) => {
      (object.metadata ??= {}).generation = 1;
      object['status'] = { ...INITIAL_STATUS[resource] };
      if (resource === 'daemonsets') setTemplateGeneration(object, Math.max(templateGeneration(object), 1));
    },
    prepareForUpdate: (object, old, subresource) => {
      if (subresource === 'status') {
        object['spec'] = old['spec'];
        if (resource === 'deployments') keepLabels(object, old);
      } else {
        object['status'] = old['status'];
        if (resource === 'daemonsets') keepTemplateGeneration(object, old);
      }
      updateGeneration(object, old, resource === 'deployments' && subresource !== 'status');
    },
    ...(scaled
      ? {
          scale: {
            specReplicas: 'spec.replicas',
            statusReplicas: 'status.replicas',
            selector: (object: KubeObject): string => {
              const selector = (object['spec'] as { selector?: unknown } | undefined)?.selector;
              if (resource === 'replicationcontrollers') {
                return formatSelector(selectorFromLabelSelector({ matchLabels: (selector ?? {}) as Record<string, string> }) ?? []);
              }
              return formatSelector(selectorFromLabelSelector(selector as LabelSelectorObject) ?? []);
            },
          },
        }
      : {}),
    selectFields: (object) =>
      resource === 'replicationcontrollers'
        ? { 'status.replicas': String((object['status'] as { replicas?: number } | undefined)?.replicas ?? 0) }
        : {},
  };
}

/** Makes the pods of a job its own. What the client set by hand stays, for validation to refuse. */
function generateSelector(spec: Fields, uid: string, name: string): void {
  const template = (spec['template'] ??= {}) as KubeObject;
  const metadata = (template.metadata ??= {});
  metadata.labels = {
    'controller-uid': uid,
    'job-name': name,
    [UID_LABEL]: uid,
    'batch.kubernetes.io/job-name': name,
    ...metadata.labels,
  };
  const selector = (spec['selector'] ?? {}) as LabelSelectorObject;
  spec['selector'] = { ...selector, matchLabels: { [UID_LABEL]: uid, ...selector.matchLabels } };
}

/** A job without labels takes those of its pods. */
function labelLikeTemplate(object: KubeObject): void {
  const labels = (object['spec'] as { template?: KubeObject } | undefined)?.template?.metadata?.labels;
  const metadata = (object.metadata ??= {});
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

/** Jobs: a generated selector, orphaning by default. */
export const jobStrategy: KindRules = {
  hasGeneration: true,
  defaultPropagation: 'orphan',
  applyDefaults: (object) => {
    const spec = (object['spec'] ??= {}) as Fields;
    podTemplateDefaults(spec['template'] as KubeObject | undefined);
    if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1;
    spec['parallelism'] ??= 1;
    spec['completionMode'] ??= 'NonIndexed';
    spec['suspend'] ??= false;
    spec['backoffLimit'] ??= 6;
    spec['manualSelector'] ??= false;
    labelLikeTemplate(object);
    spec['podReplacementPolicy'] ??= spec['podFailurePolicy'] ? 'Failed' : 'TerminatingOrFailed';
  },
  prepareForCreate: (object) => {
    const metadata = (object.metadata ??= {});
    metadata.generation = 1;
    object['status'] = {};
    const spec = object['spec'] as Fields;
    if (spec['manualSelector'] === true) return;
    generateSelector(spec, metadata.uid ?? '', metadata.name ?? '');
    labelLikeTemplate(object);
  },
  prepareForUpdate: (object, old, subresource) => {
    if (subresource === 'status') object['spec'] = old['spec'];
    else object['status'] = old['status'];
    updateGeneration(object, old, false);
  },
  selectFields: (object) => ({ 'status.successful': String((object['status'] as { succeeded?: number } | undefined)?.succeeded ?? 0) }),
};
