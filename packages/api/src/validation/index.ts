import type { KubeObject } from '@k/apimachinery';
import { definitionValidation } from '../custom-resources/definition-validation.js';
import type { ResourceStrategy } from '../definition.js';
import {
  mutatingPolicyBindingValidation,
  mutatingPolicyValidation,
  validatingPolicyBindingValidation,
  validatingPolicyValidation,
} from './admission-policies.js';
import { apiServiceValidation } from './api-services.js';
import {
  controllerRevisionValidation,
  daemonSetValidation,
  deploymentValidation,
  replicaSetValidation,
  statefulSetValidation,
} from './apps.js';
import { autoscalerValidation } from './autoscaling.js';
import { certificateRequestValidation } from './certificate-requests.js';
import { leaseValidation, priorityClassValidation, runtimeClassValidation } from './classes-and-leases.js';
import { namespaceValidation, nodeValidation } from './cluster-objects.js';
import { configMapValidation, secretValidation } from './config.js';
import { deviceClaimTemplateValidation, deviceClaimValidation, deviceClassValidation } from './device-claims.js';
import { disruptionBudgetValidation } from './disruption-budgets.js';
import { endpointSliceValidation, endpointsValidation } from './endpoints.js';
import { coreEventValidation, eventValidation } from './events.js';
import { FieldErrors } from './field-errors.js';
import { flowSchemaValidation } from './flow-schemas.js';
import { ingressClassValidation, ingressValidation } from './ingresses.js';
import { cronJobValidation, jobValidation } from './jobs.js';
import type { KindValidation } from './kind-validation.js';
import { ipAddressValidation, networkPolicyValidation, serviceCidrValidation } from './network.js';
import { claimValidation, persistentVolumeValidation } from './persistent-volumes.js';
import { podValidation } from './pods.js';
import { priorityLevelValidation } from './priority-levels.js';
import { limitRangeValidation, resourceQuotaValidation } from './quotas.js';
import { clusterRoleBindingValidation, clusterRoleValidation, roleBindingValidation, roleValidation } from './rbac.js';
import { podTemplateValidation, replicationControllerValidation } from './replica-controllers.js';
import { resourceSliceValidation } from './resource-slices.js';
import { serviceValidation } from './services.js';
import { attributesClassValidation, storageClassValidation, volumeAttachmentValidation } from './storage-classes.js';
import { capacityValidation, driverValidation, nodeDriversValidation } from './storage-drivers.js';
import { WARNINGS } from './warnings.js';
import { webhookConfigurationValidation } from './webhook-configurations.js';

/** Validation of the built-in kinds by `resource` or `resource.group`. */
const VALIDATIONS: Readonly<Record<string, KindValidation>> = {
  pods: podValidation,
  podtemplates: podTemplateValidation,
  replicationcontrollers: replicationControllerValidation,
  services: serviceValidation,
  endpoints: endpointsValidation,
  configmaps: configMapValidation,
  secrets: secretValidation,
  serviceaccounts: { metadataOnUpdate: 'both' },
  namespaces: namespaceValidation,
  nodes: nodeValidation,
  persistentvolumes: persistentVolumeValidation,
  persistentvolumeclaims: claimValidation,
  resourcequotas: resourceQuotaValidation,
  limitranges: limitRangeValidation,
  events: coreEventValidation,
  'events.events.k8s.io': eventValidation,
  'apiservices.apiregistration.k8s.io': apiServiceValidation,
  'certificatesigningrequests.certificates.k8s.io': certificateRequestValidation,
  'flowschemas.flowcontrol.apiserver.k8s.io': flowSchemaValidation,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': priorityLevelValidation,
  'csidrivers.storage.k8s.io': driverValidation,
  'csinodes.storage.k8s.io': nodeDriversValidation,
  'csistoragecapacities.storage.k8s.io': capacityValidation,
  'deployments.apps': deploymentValidation,
  'replicasets.apps': replicaSetValidation,
  'statefulsets.apps': statefulSetValidation,
  'daemonsets.apps': daemonSetValidation,
  'controllerrevisions.apps': controllerRevisionValidation,
  'jobs.batch': jobValidation,
  'cronjobs.batch': cronJobValidation,
  'horizontalpodautoscalers.autoscaling': autoscalerValidation,
  'poddisruptionbudgets.policy': disruptionBudgetValidation,
  'ingresses.networking.k8s.io': ingressValidation,
  'ingressclasses.networking.k8s.io': ingressClassValidation,
  'networkpolicies.networking.k8s.io': networkPolicyValidation,
  'ipaddresses.networking.k8s.io': ipAddressValidation,
  'servicecidrs.networking.k8s.io': serviceCidrValidation,
  'endpointslices.discovery.k8s.io': endpointSliceValidation,
  'leases.coordination.k8s.io': leaseValidation,
  'priorityclasses.scheduling.k8s.io': priorityClassValidation,
  'runtimeclasses.node.k8s.io': runtimeClassValidation,
  'customresourcedefinitions.apiextensions.k8s.io': definitionValidation,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationValidation,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationValidation,
  'validatingadmissionpolicies.admissionregistration.k8s.io': validatingPolicyValidation,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': validatingPolicyBindingValidation,
  'mutatingadmissionpolicies.admissionregistration.k8s.io': mutatingPolicyValidation,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': mutatingPolicyBindingValidation,
  'storageclasses.storage.k8s.io': storageClassValidation,
  'volumeattributesclasses.storage.k8s.io': attributesClassValidation,
  'volumeattachments.storage.k8s.io': volumeAttachmentValidation,
  'deviceclasses.resource.k8s.io': deviceClassValidation,
  'resourceclaims.resource.k8s.io': deviceClaimValidation,
  'resourceclaimtemplates.resource.k8s.io': deviceClaimTemplateValidation,
  'resourceslices.resource.k8s.io': resourceSliceValidation,
  'roles.rbac.authorization.k8s.io': roleValidation,
  'clusterroles.rbac.authorization.k8s.io': clusterRoleValidation,
  'rolebindings.rbac.authorization.k8s.io': roleBindingValidation,
  'clusterrolebindings.rbac.authorization.k8s.io': clusterRoleBindingValidation,
};

/** The parts of a strategy that validate one built-in resource and warn about it; `key` is `resource` or `resource.group`. */
export function validationOf(
  key: string,
): Pick<ResourceStrategy, 'validate' | 'validateUpdate' | 'nameRule' | 'metadataOnUpdate' | 'warnings'> {
  const rules = VALIDATIONS[key];
  if (rules === undefined) return {};
  const { create, update, subresources, nameRule, metadataOnUpdate } = rules;
  const warnings = WARNINGS[key];
  return {
    ...(warnings === undefined ? {} : { warnings }),
    ...(nameRule === undefined ? {} : { nameRule }),
    ...(metadataOnUpdate === undefined ? {} : { metadataOnUpdate }),
    ...(create === undefined
      ? {}
      : {
          validate: (object) => {
            const errors = new FieldErrors();
            create(object, errors);
            return errors.list;
          },
        }),
    validateUpdate: (object: KubeObject, old: KubeObject, subresource: string) => {
      const errors = new FieldErrors();
      if (subresource !== '' && subresource !== 'scale') subresources?.[subresource]?.(object, old, errors);
      else if (update !== undefined) update(object, old, errors);
      else create?.(object, errors);
      return errors.list;
    },
  };
}
