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

/** A table is made when something of it is asked for: most servers and programs never ask for most of them. */
function schemaPackage(definitionPrefix: string, makeTable: () => SchemaTable): SchemaPackage {
  let table: SchemaTable | undefined;
  return {
    definitionPrefix,
    get table() {
      table ??= makeTable();
      return table;
    },
  };
}

/** All packages by their label in the notation (`core.v1`, `meta.v1`). */
export const schemaPackages: Readonly<Record<string, SchemaPackage>> = {
  'admissionregistration.v1': schemaPackage('io.k8s.api.admissionregistration.v1', admissionregistrationV1Schemas),
  'apps.v1': schemaPackage('io.k8s.api.apps.v1', appsV1Schemas),
  'authentication.v1': schemaPackage('io.k8s.api.authentication.v1', authenticationV1Schemas),
  'authorization.v1': schemaPackage('io.k8s.api.authorization.v1', authorizationV1Schemas),
  'autoscaling.v1': schemaPackage('io.k8s.api.autoscaling.v1', autoscalingV1Schemas),
  'autoscaling.v2': schemaPackage('io.k8s.api.autoscaling.v2', autoscalingV2Schemas),
  'batch.v1': schemaPackage('io.k8s.api.batch.v1', batchV1Schemas),
  'certificates.v1': schemaPackage('io.k8s.api.certificates.v1', certificatesV1Schemas),
  'coordination.v1': schemaPackage('io.k8s.api.coordination.v1', coordinationV1Schemas),
  'core.v1': schemaPackage('io.k8s.api.core.v1', coreV1Schemas),
  'discovery.v1': schemaPackage('io.k8s.api.discovery.v1', discoveryV1Schemas),
  'events.v1': schemaPackage('io.k8s.api.events.v1', eventsV1Schemas),
  'flowcontrol.v1': schemaPackage('io.k8s.api.flowcontrol.v1', flowcontrolV1Schemas),
  'networking.v1': schemaPackage('io.k8s.api.networking.v1', networkingV1Schemas),
  'node.v1': schemaPackage('io.k8s.api.node.v1', nodeV1Schemas),
  'policy.v1': schemaPackage('io.k8s.api.policy.v1', policyV1Schemas),
  'rbac.v1': schemaPackage('io.k8s.api.rbac.v1', rbacV1Schemas),
  'resource.v1': schemaPackage('io.k8s.api.resource.v1', resourceV1Schemas),
  'scheduling.v1': schemaPackage('io.k8s.api.scheduling.v1', schedulingV1Schemas),
  'storage.v1': schemaPackage('io.k8s.api.storage.v1', storageV1Schemas),
  'apiextensions.v1': schemaPackage('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1', apiextensionsV1Schemas),
  'meta.v1': schemaPackage('io.k8s.apimachinery.pkg.apis.meta.v1', metaV1Schemas),
  runtime: schemaPackage('io.k8s.apimachinery.pkg.runtime', runtimeSchemas),
  'apiregistration.v1': schemaPackage('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1', apiregistrationV1Schemas),
};
