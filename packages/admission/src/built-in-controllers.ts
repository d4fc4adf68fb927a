/** The registry: which function makes which of kube-apiserver's plugins. */
import { AdmissionExpressions } from './cel/admission-expressions.js';
import type { AdmissionConfiguration } from './configuration.js';
import { alwaysAdmit } from './controllers/always-admit.js';
import { alwaysDeny } from './controllers/always-deny.js';
import { alwaysPullImages } from './controllers/always-pull-images.js';
import { certificateApproval } from './controllers/certificate-approval.js';
import { certificateSigning } from './controllers/certificate-signing.js';
import { certificateSubjectRestriction } from './controllers/certificate-subject-restriction.js';
import { clusterTrustBundleAttest } from './controllers/cluster-trust-bundle-attest.js';
import { defaultIngressClass } from './controllers/default-ingress-class.js';
import { defaultStorageClass } from './controllers/default-storage-class.js';
import { defaultTolerationSeconds } from './controllers/default-toleration-seconds.js';
import { denyServiceExternalIps } from './controllers/deny-service-external-ips.js';
import { eventRateLimit, parseEventRateLimitConfiguration } from './controllers/event-rate-limit.js';
import { extendedResourceToleration } from './controllers/extended-resource-toleration.js';
import { limitPodHardAntiAffinityTopology } from './controllers/limit-pod-hard-anti-affinity-topology.js';
import { limitRanger } from './controllers/limit-ranger.js';
import { namespaceAutoProvision } from './controllers/namespace-auto-provision.js';
import { namespaceExists } from './controllers/namespace-exists.js';
import { namespaceLifecycle } from './controllers/namespace-lifecycle.js';
import { nodeRestriction } from './controllers/node-restriction.js';
import { ownerReferencesPermissionEnforcement } from './controllers/owner-references-permission-enforcement.js';
import { persistentVolumeClaimResize } from './controllers/persistent-volume-claim-resize.js';
import { parsePodNodeSelectorConfiguration, podNodeSelector } from './controllers/pod-node-selector.js';
import { parsePodSecurityConfiguration, podSecurity } from './controllers/pod-security.js';
import { parsePodTolerationRestrictionConfiguration, podTolerationRestriction } from './controllers/pod-toleration-restriction.js';
import { podTopologyLabels } from './controllers/pod-topology-labels.js';
import { priority } from './controllers/priority.js';
import { resourceQuota } from './controllers/resource-quota.js';
import { runtimeClass } from './controllers/runtime-class.js';
import { serviceAccount } from './controllers/service-account.js';
import { storageObjectInUseProtection } from './controllers/storage-object-in-use-protection.js';
import { taintNodesByCondition } from './controllers/taint-nodes-by-condition.js';
import type { AdmissionController, AdmissionDependencies } from './interface.js';
import { canonicalPluginName, PLUGIN_ORDER, resolvePlugins } from './names.js';
import { mutatingAdmissionPolicy } from './policies/mutating.js';
import { validatingAdmissionPolicy } from './policies/validating.js';
import { parseResourceQuotaConfiguration } from './quota/limited-resources.js';
import { WebhookClient } from './webhooks/client.js';
import { parseWebhookAdmission, type WebhookUsers } from './webhooks/credentials.js';
import { mutatingAdmissionWebhook } from './webhooks/mutating.js';
import { validatingAdmissionWebhook } from './webhooks/validating.js';

/** Which built-in controllers to run and how. */
export interface BuiltInSelection {
  /** Plugin names to run besides the default ones (`--enable-admission-plugins`). */
  enable?: readonly string[];
  /** Default plugins to leave out (`--disable-admission-plugins`). */
  disable?: readonly string[];
  /** From {@link loadAdmissionConfiguration}. Default empty. */
  configuration?: AdmissionConfiguration;
  /** Reads the kubeconfig file that the configuration of a webhook plugin names. Default: such a configuration is refused. */
  readWebhookUsers?: (file: string) => WebhookUsers;
  /** Seconds. Default 300. */
  defaultNotReadyTolerationSeconds?: number;
  /** Seconds. Default 300. */
  defaultUnreachableTolerationSeconds?: number;
}

type Factory = (dependencies: AdmissionDependencies, configuration: unknown, selection: BuiltInSelection) => AdmissionController;

const FACTORIES: Readonly<Record<string, Factory>> = {
  AlwaysAdmit: alwaysAdmit,
  NamespaceAutoProvision: namespaceAutoProvision,
  NamespaceLifecycle: namespaceLifecycle,
  NamespaceExists: namespaceExists,
  LimitPodHardAntiAffinityTopology: limitPodHardAntiAffinityTopology,
  LimitRanger: limitRanger,
  ServiceAccount: serviceAccount,
  NodeRestriction: nodeRestriction,
  TaintNodesByCondition: taintNodesByCondition,
  AlwaysPullImages: alwaysPullImages,
  PodSecurity: (dependencies, configuration) => podSecurity(dependencies, parsePodSecurityConfiguration(configuration)),
  PodNodeSelector: (dependencies, configuration) => podNodeSelector(dependencies, parsePodNodeSelectorConfiguration(configuration)),
  Priority: priority,
  DefaultTolerationSeconds: (_dependencies, _configuration, selection) =>
    defaultTolerationSeconds({
      notReadySeconds: selection.defaultNotReadyTolerationSeconds ?? 300,
      unreachableSeconds: selection.defaultUnreachableTolerationSeconds ?? 300,
    }),
  PodTolerationRestriction: (dependencies, configuration) =>
    podTolerationRestriction(dependencies, parsePodTolerationRestrictionConfiguration(configuration)),
  EventRateLimit: (dependencies, configuration) => eventRateLimit(dependencies, parseEventRateLimitConfiguration(configuration)),
  ExtendedResourceToleration: extendedResourceToleration,
  DefaultStorageClass: defaultStorageClass,
  StorageObjectInUseProtection: storageObjectInUseProtection,
  OwnerReferencesPermissionEnforcement: ownerReferencesPermissionEnforcement,
  PersistentVolumeClaimResize: persistentVolumeClaimResize,
  RuntimeClass: runtimeClass,
  CertificateApproval: certificateApproval,
  CertificateSigning: certificateSigning,
  ClusterTrustBundleAttest: clusterTrustBundleAttest,
  CertificateSubjectRestriction: certificateSubjectRestriction,
  DefaultIngressClass: defaultIngressClass,
  DenyServiceExternalIPs: denyServiceExternalIps,
  PodTopologyLabels: podTopologyLabels,
  MutatingAdmissionPolicy: mutatingAdmissionPolicy,
  MutatingAdmissionWebhook: (dependencies, configuration, selection) =>
    mutatingAdmissionWebhook(dependencies, webhookClient('MutatingAdmissionWebhook', dependencies, configuration, selection)),
  ValidatingAdmissionPolicy: validatingAdmissionPolicy,
  ValidatingAdmissionWebhook: (dependencies, configuration, selection) =>
    validatingAdmissionWebhook(dependencies, webhookClient('ValidatingAdmissionWebhook', dependencies, configuration, selection)),
  ResourceQuota: (dependencies, configuration) => resourceQuota(dependencies, parseResourceQuotaConfiguration(configuration)),
  AlwaysDeny: alwaysDeny,
};

/** Calls webhooks as the configuration says. @throws {RangeError} or what reading its file throws. */
function webhookClient(
  plugin: string,
  { objects }: AdmissionDependencies,
  configuration: unknown,
  { readWebhookUsers }: BuiltInSelection,
): WebhookClient {
  const file = parseWebhookAdmission(plugin, configuration);
  if (file === undefined) return new WebhookClient(objects);
  if (readWebhookUsers === undefined) throw new RangeError(`${plugin}.kubeConfigFile: ${JSON.stringify(file)} cannot be read here`);
  return new WebhookClient(objects, readWebhookUsers(file));
}

/** The names of the controllers that {@link createBuiltInControllers} can make, in the order in which they run. */
export const BUILT_IN_CONTROLLERS: readonly string[] = PLUGIN_ORDER.filter((name) => FACTORIES[name] !== undefined);

/**
 * Makes the selected controllers in kube-apiserver's order.
 *
 * @throws {RangeError} naming an unknown plugin, or the configuration field and value that is wrong.
 */
export function createBuiltInControllers(dependencies: AdmissionDependencies, selection: BuiltInSelection = {}): AdmissionController[] {
  const shared: AdmissionDependencies = { ...dependencies, expressions: dependencies.expressions ?? new AdmissionExpressions() };
  return resolvePlugins(selection).flatMap((name) => {
    const factory = FACTORIES[name];
    if (factory === undefined && selection.enable?.some((given) => canonicalPluginName(given) === name)) {
      dependencies.log?.warn({ plugin: name }, 'admission plugin is enabled, but does nothing in this server');
    }
    return factory === undefined ? [] : [factory(shared, selection.configuration?.get(name), selection)];
  });
}
