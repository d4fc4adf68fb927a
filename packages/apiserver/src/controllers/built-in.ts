/** The controllers inside the server: those of kube-apiserver itself, and those that stand in for kube-controller-manager. */
import type { AdmissionExpressions } from '@k/admission/policies';
import type { QuotaLedger } from '@k/admission/quota';
import type { ServiceAccountIssuer } from '@k/auth';
import type { Logger } from 'pino';
import { definitionController } from '../crd/index.js';
import type { InformerSet } from '../informer-set.js';
import type { LocalClient } from '../local-client.js';
import type { ResourceRegistry } from '../registry.js';
import { apiServicesController } from './api-services.js';
import { clusterRoleAggregationController } from './cluster-role-aggregation.js';
import type { Controller } from './controller.js';
import { defaultServiceAccountsController } from './default-service-accounts.js';
import { flowSchemaStatusController } from './flow-schema-status.js';
import { garbageCollector } from './garbage-collector.js';
import { identityLeaseController, leasesOf } from './identity-lease.js';
import { namespaceDeletionController } from './namespace-deletion.js';
import { policyTypeCheckingController } from './policy-type-checking.js';
import { resourceQuotaController } from './resource-quota.js';
import { serviceAccountTokensController } from './service-account-tokens.js';

/** What the controllers work with. */
export interface ControllerParts {
  informers: InformerSet;
  registry: ResourceRegistry;
  client: LocalClient;
  log: Logger;
  quotaLedger: QuotaLedger;
  expressions: AdmissionExpressions;
  /** Absent = no tokens are issued. */
  issuer: ServiceAccountIssuer | undefined;
  rootCa: string;
  /** Host name of the identity lease; absent = none is kept. */
  identity: string | undefined;
}

/**
 * Makes the controllers.
 *
 * @param disabled - Names to leave out; `*` = all that stand in for kube-controller-manager. Without its own controllers
 *   a server would not do what is expected of it whatever runs beside it.
 */
export function builtInControllers(parts: ControllerParts, disabled: readonly string[]): Controller[] {
  const { informers, registry, client, log, quotaLedger, issuer, rootCa, identity } = parts;
  const own: Controller[] = [
    definitionController(informers, registry, client, log),
    apiServicesController(registry, informers, client, log),
    flowSchemaStatusController(informers, client, log),
    ...(identity === undefined ? [] : [identityLeaseController(client, leasesOf(registry), identity, log)]),
  ];
  if (disabled.includes('*')) return own;
  return [
    ...own,
    namespaceDeletionController(informers, registry, client, log),
    defaultServiceAccountsController(informers, client, log, rootCa),
    clusterRoleAggregationController(informers, client, log),
    garbageCollector(registry, client, log),
    resourceQuotaController({ informers, registry, ledger: quotaLedger, log }),
    policyTypeCheckingController({ informers, client, catalogue: registry.catalogue, expressions: parts.expressions, log }),
    ...(issuer === undefined ? [] : [serviceAccountTokensController(informers, client, log, issuer, rootCa)]),
  ].filter(({ name }) => !disabled.includes(name));
}
