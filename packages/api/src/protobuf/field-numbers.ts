import { admissionregistrationV1Fields } from './fields/admissionregistration-v1.js';
import { apidiscoveryV2Fields } from './fields/apidiscovery-v2.js';
import { apiextensionsV1Fields } from './fields/apiextensions-v1.js';
import { apiregistrationV1Fields } from './fields/apiregistration-v1.js';
import { appsV1Fields } from './fields/apps-v1.js';
import { authenticationV1Fields } from './fields/authentication-v1.js';
import { authorizationV1Fields } from './fields/authorization-v1.js';
import { autoscalingV1Fields } from './fields/autoscaling-v1.js';
import { autoscalingV2Fields } from './fields/autoscaling-v2.js';
import { batchV1Fields } from './fields/batch-v1.js';
import { certificatesV1Fields } from './fields/certificates-v1.js';
import { coordinationV1Fields } from './fields/coordination-v1.js';
import { coreV1Fields } from './fields/core-v1.js';
import { discoveryV1Fields } from './fields/discovery-v1.js';
import { eventsV1Fields } from './fields/events-v1.js';
import { flowcontrolV1Fields } from './fields/flowcontrol-v1.js';
import { metaV1Fields } from './fields/meta-v1.js';
import { metaV1beta1Fields } from './fields/meta-v1beta1.js';
import { networkingV1Fields } from './fields/networking-v1.js';
import { nodeV1Fields } from './fields/node-v1.js';
import { policyV1Fields } from './fields/policy-v1.js';
import { rbacV1Fields } from './fields/rbac-v1.js';
import { resourceV1Fields } from './fields/resource-v1.js';
import { schedulingV1Fields } from './fields/scheduling-v1.js';
import { storageV1Fields } from './fields/storage-v1.js';
import type { FieldNumbers } from './notation.js';

/** The field numbers of every package, by its label in the schemas' notation. */
export const FIELD_NUMBERS: Readonly<Record<string, FieldNumbers>> = {
  'admissionregistration.v1': admissionregistrationV1Fields,
  'apidiscovery.v2': apidiscoveryV2Fields,
  'apps.v1': appsV1Fields,
  'authentication.v1': authenticationV1Fields,
  'authorization.v1': authorizationV1Fields,
  'autoscaling.v1': autoscalingV1Fields,
  'autoscaling.v2': autoscalingV2Fields,
  'batch.v1': batchV1Fields,
  'certificates.v1': certificatesV1Fields,
  'coordination.v1': coordinationV1Fields,
  'core.v1': coreV1Fields,
  'discovery.v1': discoveryV1Fields,
  'events.v1': eventsV1Fields,
  'flowcontrol.v1': flowcontrolV1Fields,
  'networking.v1': networkingV1Fields,
  'node.v1': nodeV1Fields,
  'policy.v1': policyV1Fields,
  'rbac.v1': rbacV1Fields,
  'resource.v1': resourceV1Fields,
  'scheduling.v1': schedulingV1Fields,
  'storage.v1': storageV1Fields,
  'apiextensions.v1': apiextensionsV1Fields,
  'meta.v1': metaV1Fields,
  'meta.v1beta1': metaV1beta1Fields,
  'apiregistration.v1': apiregistrationV1Fields,
};
