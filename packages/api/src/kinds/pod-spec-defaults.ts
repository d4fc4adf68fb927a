/** Defaults of pod specs that depend on other fields or that the schema does not carry. */

type Fields = Record<string, unknown>;

const DEFAULT_MODE = 0o644;

/** Fills a pod spec (of a pod or a template) in place. */
export function podSpecDefaults(spec: Fields | undefined): void {
  if (spec === undefined) return;
  spec['dnsPolicy'] ??= 'ClusterFirst';
  spec['restartPolicy'] ??= 'Always';
  spec['terminationGracePeriodSeconds'] ??= 30;
  spec['schedulerName'] ??= 'default-scheduler';
  spec['securityContext'] ??= {};
  spec['enableServiceLinks'] ??= true;
  if (spec['serviceAccountName'] === undefined && typeof spec['serviceAccount'] === 'string')
    spec['serviceAccountName'] = spec['serviceAccount'];
  if (typeof spec['serviceAccountName'] === 'string' && spec['serviceAccountName'] !== '')
    spec['serviceAccount'] = spec['serviceAccountName'];
  const hostNetwork = spec['hostNetwork'] === true;
  for (const name of ['containers', 'initContainers', 'ephemeralContainers']) {
    for (const container of (spec[name] as Fields[] | undefined) ?? []) containerDefaults(container, hostNetwork, name);
  }
  for (const volume of (spec['volumes'] as Fields[] | undefined) ?? []) volumeDefaults(volume);
}

function containerDefaults(container: Fields, hostNetwork: boolean, list: string): void {
  if (container['imagePullPolicy'] === undefined) container['imagePullPolicy'] = pullPolicy(String(container['image'] ?? ''));
  container['terminationMessagePath'] ??= '/dev/termination-log';
  container['terminationMessagePolicy'] ??= 'File';
  container['resources'] ??= {};
  for (const port of (container['ports'] as Fields[] | undefined) ?? []) {
    port['protocol'] ??= 'TCP';
    if (hostNetwork) port['hostPort'] ??= port['containerPort'];
  }
  for (const variable of (container['env'] as Fields[] | undefined) ?? []) {
    const from = variable['valueFrom'] as { fieldRef?: Fields; resourceFieldRef?: Fields; fileKeyRef?: Fields } | undefined;
    if (from?.fieldRef) from.fieldRef['apiVersion'] ??= 'v1';
    if (from?.resourceFieldRef) from.resourceFieldRef['divisor'] ??= '0';
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) probeDefaults(container[name] as Fields | undefined);
  const lifecycle = container['lifecycle'] as { postStart?: Fields; preStop?: Fields } | undefined;
  for (const hook of [lifecycle?.postStart, lifecycle?.preStop]) httpDefaults(hook?.['httpGet'] as Fields | undefined);
  if (list !== 'ephemeralContainers') resourceDefaults(container['resources'] as { requests?: Fields; limits?: Fields });
}

/** Limits without requests count as requests. */
function resourceDefaults(resources: { requests?: Fields; limits?: Fields }): void {
  if (resources.limits === undefined) return;
  const requests = { ...resources.requests };
  for (const [name, value] of Object.entries(resources.limits)) requests[name] ??= value;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

/** `Always` for the tag `latest` or none, else `IfNotPresent`. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const name = image.slice(image.lastIndexOf('/') + 1);
  const colon = name.indexOf(':');
  return colon < 0 || name.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

function probeDefaults(probe: Fields | undefined): void {
  if (probe === undefined) return;
  probe['timeoutSeconds'] ||= 1;
  probe['periodSeconds'] ||= 10;
  probe['successThreshold'] ||= 1;
  probe['failureThreshold'] ||= 3;
  httpDefaults(probe['httpGet'] as Fields | undefined);
  const grpc = probe['grpc'] as Fields | undefined;
  if (grpc) grpc['service'] ??= '';
}

function httpDefaults(action: Fields | undefined): void {
  if (action === undefined) return;
  action['path'] ??= '/';
  action['scheme'] ??= 'HTTP';
}

function volumeDefaults(volume: Fields): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) volume['emptyDir'] = {};
  for (const name of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = volume[name] as Fields | undefined;
    if (source) source['defaultMode'] ??= DEFAULT_MODE;
  }
  const host = volume['hostPath'] as Fields | undefined;
  if (host) host['type'] ??= '';
  const claim = (volume['ephemeral'] as { volumeClaimTemplate?: { spec?: Fields } } | undefined)?.volumeClaimTemplate?.spec;
  if (claim) claim['volumeMode'] ??= 'Filesystem';
  const items = [...(((volume['downwardAPI'] as Fields | undefined)?.['items'] as Fields[] | undefined) ?? [])];
  for (const source of ((volume['projected'] as Fields | undefined)?.['sources'] as Fields[] | undefined) ?? []) {
    const token = source['serviceAccountToken'] as Fields | undefined;
    if (token) token['expirationSeconds'] ??= 3600;
    items.push(...(((source['downwardAPI'] as Fields | undefined)?.['items'] as Fields[] | undefined) ?? []));
  }
  for (const item of items) {
    const field = item['fieldRef'] as Fields | undefined;
    if (field) field['apiVersion'] ??= 'v1';
    const resource = item['resourceFieldRef'] as Fields | undefined;
    if (resource) resource['divisor'] ??= '0';
  }
}
