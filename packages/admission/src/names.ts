/** Admission controllers in the order in which they run, and which of them are on by default (Kubernetes 1.36). */
export const PLUGIN_ORDER: readonly string[] = [
  'AlwaysAdmit',
  'NamespaceAutoProvision',
  'NamespaceLifecycle',
  'NamespaceExists',
  'LimitPodHardAntiAffinityTopology',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'AlwaysPullImages',
  'ImagePolicyWebhook',
  'PodSecurity',
  'PodNodeSelector',
  'Priority',
  'DefaultTolerationSeconds',
  'PodTolerationRestriction',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PodGroupProtection',
  'OwnerReferencesPermissionEnforcement',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'ClusterTrustBundleAttest',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'DenyServiceExternalIPs',
  'PodTopologyLabels',
  'PodGroupWorkloadExists',
  'NodeDeclaredFeatureValidator',
  'JobValidation',
  'PodResizeValidator',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
  'AlwaysDeny',
];

/** These run behind every other controller, an embedder's own included: what they charge is only due for what passed. */
export const PLUGINS_LAST: readonly string[] = ['ResourceQuota', 'AlwaysDeny'];

const OFF_BY_DEFAULT: ReadonlySet<string> = new Set([
  'AlwaysAdmit',
  'NamespaceAutoProvision',
  'NamespaceExists',
  'LimitPodHardAntiAffinityTopology',
  'NodeRestriction',
  'AlwaysPullImages',
  'ImagePolicyWebhook',
  'PodNodeSelector',
  'PodTolerationRestriction',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'OwnerReferencesPermissionEnforcement',
  'DenyServiceExternalIPs',
  'AlwaysDeny',
]);

const DEFAULT_ON: ReadonlySet<string> = new Set(PLUGIN_ORDER.filter((name) => !OFF_BY_DEFAULT.has(name)));

/** Other names that are taken for a plugin's. */
const ALIASES: Readonly<Record<string, string>> = { PodSecurityStandards: 'PodSecurity' };

/** The name under which a plugin is known, for a name that a user wrote. */
export function canonicalPluginName(given: string): string {
  return ALIASES[given] ?? given;
}

/** True for the plugins that run unless they are disabled. */
export function isDefaultPlugin(name: string): boolean {
  return DEFAULT_ON.has(name);
}

/**
 * The plugins to run, in order.
 *
 * @param options.known - Names besides the built-in ones (controllers of the embedder's own), which run last.
 * @throws {RangeError} naming the flag and the plugin that is unknown, or the plugins that are in both lists.
 */
export function resolvePlugins(options: { enable?: readonly string[]; disable?: readonly string[]; known?: readonly string[] }): string[] {
  const order = [...PLUGIN_ORDER, ...(options.known ?? [])];
  const read = (flag: string, names: readonly string[]): Set<string> =>
    new Set(
      names.map((given) => {
        const name = canonicalPluginName(given);
        if (!order.includes(name)) throw new RangeError(`${flag}-admission-plugins plugin ${JSON.stringify(given)} is unknown`);
        return name;
      }),
    );
  const enabled = read('enable', options.enable ?? []);
  const disabled = read('disable', options.disable ?? []);
  const both = [...enabled].filter((name) => disabled.has(name)).sort();
  if (both.length > 0) {
    throw new RangeError(`[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  }
  return order.filter((name) => enabled.has(name) || (!disabled.has(name) && (DEFAULT_ON.has(name) || options.known?.includes(name))));
}
