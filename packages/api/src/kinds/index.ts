import type { KubeObject } from '@k/apimachinery';
import { definitionStrategy } from '../custom-resources/definition-strategy.js';
import type { ResourceStrategy } from '../definition.js';
import { policyBindingDefaults, policyDefaults } from './admission-policies.js';
import { autoscalerStrategy } from './autoscaling.js';
import { certificateRequestStrategy } from './certificate-requests.js';
import { deviceClaimStrategy, deviceClaimTemplateStrategy, resourceSliceStrategy } from './devices.js';
import { endpointsDefaults, sliceStrategy } from './endpoints.js';
import { coreEventStrategy, eventStrategy } from './events.js';
import { flowSchemaDefaults, priorityLevelDefaults } from './flow-control.js';
import { withGeneration } from './generation.js';
import { limitRangeStrategy } from './limit-ranges.js';
import { nodeStrategy } from './nodes.js';
import { claimStrategy, volumeStrategy } from './persistent-volumes.js';
import { podStrategy } from './pods.js';
import { serviceStrategy } from './services.js';
import { emptyStatus, freshStatus, statusSubresource, withFixedMetadata } from './status.js';
import { driverStrategy, nodeDriversStrategy } from './storage-drivers.js';
import { webhookDefaults } from './webhook-configurations.js';
import { jobStrategy, podTemplateDefaults, workloadStrategy } from './workloads.js';

/** Rules of a kind, with the conversion between its versions where they differ. */
export interface KindRules extends ResourceStrategy {
  convert?: (object: KubeObject, toVersion: string) => KubeObject;
  /** Stored objects may have another shape than their kind's: every read converts. */
  coerceStored?: boolean;
}

/** Where objects lie below the etcd prefix, when it is not the resource's name. '' = answered, not stored. */
export const STORAGE_PATHS: Readonly<Record<string, string>> = {
  services: 'services/specs',
  endpoints: 'services/endpoints',
  nodes: 'minions',
  replicationcontrollers: 'controllers',
  bindings: '',
  componentstatuses: '',
  'ingresses.networking.k8s.io': 'ingress',
  'apiservices.apiregistration.k8s.io': 'apiregistration.k8s.io/apiservices',
  'customresourcedefinitions.apiextensions.k8s.io': 'apiextensions.k8s.io/customresourcedefinitions',
  'tokenreviews.authentication.k8s.io': '',
  'selfsubjectreviews.authentication.k8s.io': '',
  'subjectaccessreviews.authorization.k8s.io': '',
  'selfsubjectaccessreviews.authorization.k8s.io': '',
  'selfsubjectrulesreviews.authorization.k8s.io': '',
  'localsubjectaccessreviews.authorization.k8s.io': '',
  'events.events.k8s.io': 'events',
};

/** Storage versions that are not the preferred one. */
export const STORAGE_VERSIONS: Readonly<Record<string, string>> = {};

/** Field selectors besides `metadata.name` and `metadata.namespace`. */
export const SELECTABLE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  replicationcontrollers: ['status.replicas'],
  'jobs.batch': ['status.successful'],
  'certificatesigningrequests.certificates.k8s.io': ['spec.signerName'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  'events.events.k8s.io': [
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'regarding.apiVersion',
    'regarding.resourceVersion',
    'regarding.fieldPath',
    'reason',
    'reportingController',
    'type',
  ],
};

type Fields = Record<string, unknown>;
const spec = (object: KubeObject): Fields => (object['spec'] ?? {}) as Fields;
const status = (object: KubeObject): Fields => (object['status'] ?? {}) as Fields;

const namespaceStrategy: KindRules = {
  ...statusSubresource,
  prepareForCreate: (object) => {
    const finalizers = new Set([...((spec(object)['finalizers'] as string[] | undefined) ?? []), 'kubernetes']);
    object['spec'] = { finalizers: [...finalizers] };
    object['status'] = { phase: 'Active' };
  },
  prepareForUpdate: (object, old, subresource) => {
    if (subresource !== 'finalize') object['spec'] = old['spec'];
    if (subresource !== 'status') object['status'] = old['status'];
  },
  applyDefaults: (object) => {
    const metadata = (object.metadata ??= {});
    if (metadata.name) metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  },
  selectFields: (object) => ({ 'status.phase': String(status(object)['phase'] ?? '') }),
};

const secretStrategy: KindRules = {
  applyDefaults: (object) => {
    object['type'] ??= 'Opaque';
  },
  prepareForCreate: mergeStringData,
  prepareForUpdate: mergeStringData,
  selectFields: (object) => ({ type: String(object['type'] ?? '') }),
  fieldSelectorErrors: 'label',
};

/** `stringData` is a write-only convenience that ends up in `data`. */
function mergeStringData(object: KubeObject): void {
  const text = object['stringData'] as Record<string, string> | undefined;
  if (text === undefined) return;
  const data = { ...((object['data'] as Record<string, string> | undefined) ?? {}) };
  for (const [key, value] of Object.entries(text)) data[key] = Buffer.from(value, 'utf8').toString('base64');
  object['data'] = data;
  delete object['stringData'];
}

/** Secrets of a service account are known by name alone. */
function cleanSecretReferences(object: KubeObject): void {
  const secrets = object['secrets'] as { name?: string }[] | undefined;
  if (secrets !== undefined) object['secrets'] = secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

/** Rules by `resource` or `resource.group`; resources that are not here have none. */
export const STRATEGIES: Readonly<Record<string, KindRules>> = {
  pods: podStrategy,
  services: serviceStrategy,
  namespaces: namespaceStrategy,
  secrets: secretStrategy,
  nodes: nodeStrategy,
  serviceaccounts: { deleteReturnsObject: true, prepareForCreate: cleanSecretReferences, prepareForUpdate: cleanSecretReferences },
  persistentvolumeclaims: claimStrategy,
  persistentvolumes: volumeStrategy,
  resourcequotas: { ...emptyStatus, deleteReturnsObject: true },
  podtemplates: withGeneration(
    { deleteReturnsObject: true, applyDefaults: (object) => podTemplateDefaults(object['template'] as KubeObject | undefined) },
    'template',
  ),
  endpoints: { allowCreateOnUpdate: true, applyDefaults: endpointsDefaults },
  limitranges: limitRangeStrategy,
  events: coreEventStrategy,
  'events.events.k8s.io': eventStrategy,
  replicationcontrollers: workloadStrategy('replicationcontrollers'),
  'deployments.apps': workloadStrategy('deployments'),
  'replicasets.apps': workloadStrategy('replicasets'),
  'statefulsets.apps': workloadStrategy('statefulsets'),
  'daemonsets.apps': workloadStrategy('daemonsets'),
  'jobs.batch': jobStrategy,
  'cronjobs.batch': withGeneration(
    {
      ...emptyStatus,
      applyDefaults: (object) => {
        const fields = spec(object);
        fields['concurrencyPolicy'] ??= 'Allow';
        fields['suspend'] ??= false;
        fields['successfulJobsHistoryLimit'] ??= 3;
        fields['failedJobsHistoryLimit'] ??= 1;
        const job = (fields['jobTemplate'] as { spec?: { template?: KubeObject } } | undefined)?.spec;
        podTemplateDefaults(job?.template);
      },
    },
    'spec',
  ),
  'horizontalpodautoscalers.autoscaling': autoscalerStrategy,
  'leases.coordination.k8s.io': { allowCreateOnUpdate: true, allowUnconditionalUpdate: false },
  'poddisruptionbudgets.policy': withGeneration(
    {
      ...freshStatus(() => ({ currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 })),
      allowUnconditionalUpdate: false,
    },
    'spec',
  ),
  'storageclasses.storage.k8s.io': {
    deleteReturnsObject: true,
    applyDefaults: (object) => {
      object['reclaimPolicy'] ??= 'Delete';
      object['volumeBindingMode'] ??= 'Immediate';
    },
  },
  'csidrivers.storage.k8s.io': driverStrategy,
  'csinodes.storage.k8s.io': nodeDriversStrategy,
  'csistoragecapacities.storage.k8s.io': { allowUnconditionalUpdate: false },
  'volumeattachments.storage.k8s.io': withFixedMetadata({
    ...freshStatus(() => ({ attached: false })),
    deleteReturnsObject: true,
    allowUnconditionalUpdate: false,
  }),
  'runtimeclasses.node.k8s.io': { allowCreateOnUpdate: true, allowUnconditionalUpdate: false },
  'priorityclasses.scheduling.k8s.io': withGeneration({
    applyDefaults: (object) => {
      object['preemptionPolicy'] ??= 'PreemptLowerPriority';
    },
  }),
  'ingresses.networking.k8s.io': withGeneration(
    freshStatus(() => ({ loadBalancer: {} })),
    'spec',
  ),
  'ingressclasses.networking.k8s.io': withGeneration({}, 'spec'),
  'endpointslices.discovery.k8s.io': sliceStrategy,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': withGeneration(
    { allowUnconditionalUpdate: false, applyDefaults: webhookDefaults(false) },
    'webhooks',
  ),
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': withGeneration(
    { allowUnconditionalUpdate: false, applyDefaults: webhookDefaults(true) },
    'webhooks',
  ),
  'validatingadmissionpolicies.admissionregistration.k8s.io': withGeneration(
    { ...emptyStatus, allowUnconditionalUpdate: false, applyDefaults: policyDefaults },
    'spec',
  ),
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': withGeneration(
    { allowUnconditionalUpdate: false, applyDefaults: policyBindingDefaults },
    'spec',
  ),
  'mutatingadmissionpolicies.admissionregistration.k8s.io': withGeneration(
    { allowUnconditionalUpdate: false, applyDefaults: policyDefaults },
    'spec',
  ),
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': withGeneration(
    { allowUnconditionalUpdate: false, applyDefaults: policyBindingDefaults },
    'spec',
  ),
  'flowschemas.flowcontrol.apiserver.k8s.io': withGeneration(
    withFixedMetadata({ ...emptyStatus, applyDefaults: flowSchemaDefaults }),
    'spec',
  ),
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': withGeneration(
    withFixedMetadata({ ...emptyStatus, applyDefaults: priorityLevelDefaults }),
    'spec',
  ),
  'deviceclasses.resource.k8s.io': withGeneration({}, 'spec'),
  'resourceclaims.resource.k8s.io': deviceClaimStrategy,
  'resourceclaimtemplates.resource.k8s.io': deviceClaimTemplateStrategy,
  'resourceslices.resource.k8s.io': resourceSliceStrategy,
  'networkpolicies.networking.k8s.io': withGeneration(
    {
      applyDefaults: (object) => {
        const fields = spec(object);
        fields['policyTypes'] ??= (fields['egress'] as unknown[] | undefined)?.length ? ['Ingress', 'Egress'] : ['Ingress'];
        for (const list of [...((fields['ingress'] as Fields[]) ?? []), ...((fields['egress'] as Fields[]) ?? [])]) {
          for (const port of (list['ports'] as Fields[] | undefined) ?? []) port['protocol'] ??= 'TCP';
        }
      },
    },
    'spec',
  ),
  'rolebindings.rbac.authorization.k8s.io': { allowCreateOnUpdate: true, applyDefaults: subjectDefaults },
  'clusterrolebindings.rbac.authorization.k8s.io': { allowCreateOnUpdate: true, applyDefaults: subjectDefaults },
  'roles.rbac.authorization.k8s.io': { allowCreateOnUpdate: true },
  'clusterroles.rbac.authorization.k8s.io': { allowCreateOnUpdate: true },
  'certificatesigningrequests.certificates.k8s.io': certificateRequestStrategy,
  'servicecidrs.networking.k8s.io': emptyStatus,
  'apiservices.apiregistration.k8s.io': withFixedMetadata({
    ...emptyStatus,
    allowUnconditionalUpdate: false,
    applyDefaults: (object) => {
      const service = spec(object)['service'] as Fields | undefined;
      if (service !== undefined) service['port'] ??= 443;
    },
  }),
  'customresourcedefinitions.apiextensions.k8s.io': definitionStrategy,
};

/** The API group of subjects follows from their kind. */
function subjectDefaults(object: KubeObject): void {
  const reference = object['roleRef'] as Fields | undefined;
  if (reference && !reference['apiGroup']) reference['apiGroup'] = 'rbac.authorization.k8s.io';
  for (const subject of (object['subjects'] as Fields[] | undefined) ?? []) {
    if (subject['apiGroup'] !== undefined && subject['apiGroup'] !== '') continue;
    if (subject['kind'] === 'User' || subject['kind'] === 'Group') subject['apiGroup'] = 'rbac.authorization.k8s.io';
  }
}
