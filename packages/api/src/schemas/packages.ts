import { admissionregistrationV1Schemas } from './admissionregistration-v1.js';
import { apiextensionsV1Schemas } from './apiextensions-v1.js';
import { apiregistrationV1Schemas } from './apiregistration-v1.js';
import { appsV1Schemas } from './apps-v1.js';
import { authenticationV1Schemas } from './authentication-v1.js';
import { authorizationV1Schemas } from './authorization-v1.js';
import { autoscalingV1Schemas } from './autoscaling-v1.js';
import { autoscalingV2Schemas } from './autoscaling-v2.js';
import { batchV1Schemas } from './batch-v1.js';
import { certificatesV1Schemas } from './certificates-v1.js';
import { coordinationV1Schemas } from './coordination-v1.js';
import { coreV1Schemas } from './core-v1.js';
import { discoveryV1Schemas } from './discovery-v1.js';
import { eventsV1Schemas } from './events-v1.js';
import { flowcontrolV1Schemas } from './flowcontrol-v1.js';
import { metaV1Schemas } from './meta-v1.js';
import { networkingV1Schemas } from './networking-v1.js';
import { nodeV1Schemas } from './node-v1.js';
import type { SchemaTable } from './notation.js';
import { policyV1Schemas } from './policy-v1.js';
import { rbacV1Schemas } from './rbac-v1.js';
import { resourceV1Schemas } from './resource-v1.js';
import { runtimeSchemas } from './runtime.js';
import { schedulingV1Schemas } from './scheduling-v1.js';
import { storageV1Schemas } from './storage-v1.js';

/** A package of schemas: how definitions are named in OpenAPI, and the table. */
export interface SchemaPackage {
  /** Prefix of definition names, e.g. `io.k8s.api.core.v1`. */
  readonly definitionPrefix: string;
  readonly table: SchemaTable;
}

/** All packages by their label in the notation (`core.v1`, `meta.v1`). */
export const schemaPackages: Readonly<Record<string, SchemaPackage>> = {
  'admissionregistration.v1': { definitionPrefix: 'io.k8s.api.admissionregistration.v1', table: admissionregistrationV1Schemas },
  'apps.v1': { definitionPrefix: 'io.k8s.api.apps.v1', table: appsV1Schemas },
  'authentication.v1': { definitionPrefix: 'io.k8s.api.authentication.v1', table: authenticationV1Schemas },
  'authorization.v1': { definitionPrefix: 'io.k8s.api.authorization.v1', table: authorizationV1Schemas },
  'autoscaling.v1': { definitionPrefix: 'io.k8s.api.autoscaling.v1', table: autoscalingV1Schemas },
  'autoscaling.v2': { definitionPrefix: 'io.k8s.api.autoscaling.v2', table: autoscalingV2Schemas },
  'batch.v1': { definitionPrefix: 'io.k8s.api.batch.v1', table: batchV1Schemas },
  'certificates.v1': { definitionPrefix: 'io.k8s.api.certificates.v1', table: certificatesV1Schemas },
  'coordination.v1': { definitionPrefix: 'io.k8s.api.coordination.v1', table: coordinationV1Schemas },
  'core.v1': { definitionPrefix: 'io.k8s.api.core.v1', table: coreV1Schemas },
  'discovery.v1': { definitionPrefix: 'io.k8s.api.discovery.v1', table: discoveryV1Schemas },
  'events.v1': { definitionPrefix: 'io.k8s.api.events.v1', table: eventsV1Schemas },
  'flowcontrol.v1': { definitionPrefix: 'io.k8s.api.flowcontrol.v1', table: flowcontrolV1Schemas },
  'networking.v1': { definitionPrefix: 'io.k8s.api.networking.v1', table: networkingV1Schemas },
  'node.v1': { definitionPrefix: 'io.k8s.api.node.v1', table: nodeV1Schemas },
  'policy.v1': { definitionPrefix: 'io.k8s.api.policy.v1', table: policyV1Schemas },
  'rbac.v1': { definitionPrefix: 'io.k8s.api.rbac.v1', table: rbacV1Schemas },
  'resource.v1': { definitionPrefix: 'io.k8s.api.resource.v1', table: resourceV1Schemas },
  'scheduling.v1': { definitionPrefix: 'io.k8s.api.scheduling.v1', table: schedulingV1Schemas },
  'storage.v1': { definitionPrefix: 'io.k8s.api.storage.v1', table: storageV1Schemas },
  'apiextensions.v1': { definitionPrefix: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1', table: apiextensionsV1Schemas },
  'meta.v1': { definitionPrefix: 'io.k8s.apimachinery.pkg.apis.meta.v1', table: metaV1Schemas },
  runtime: { definitionPrefix: 'io.k8s.apimachinery.pkg.runtime', table: runtimeSchemas },
  'apiregistration.v1': { definitionPrefix: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1', table: apiregistrationV1Schemas },
};
