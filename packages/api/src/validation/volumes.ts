import { type ClaimSpec, validateClaimSpec } from './claims.js';
import type { FieldErrors } from './field-errors.js';
import { validateAnnotations } from './metadata.js';
import { isDns1123Label, isDns1123Subdomain } from './names.js';
import type { PodContext, Volume } from './pod-types.js';
import { downwardApiVolume, keyedVolume, projectedVolume } from './projected-volumes.js';
import { quantityOf } from './resources.js';
import { validateLabels } from './selectors.js';
import { POD_SOURCES, type Source, type SourceRule, text } from './volume-sources.js';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** When an image is pulled. */
export function validatePullPolicy(policy: string | undefined, at: string, errors: FieldErrors): void {
  if ((policy ?? '') === '') errors.required(at);
  else errors.oneOf(at, policy, PULL_POLICIES);
}

const emptyDir: SourceRule = (source, at, errors) => {
  if (quantityOf(source['sizeLimit'] as string | undefined).sign() < 0) {
    errors.forbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
  }
};

const TEMPLATE_METADATA = new Set(['labels', 'annotations', 'creationTimestamp']);

const ephemeral: SourceRule = (source, at, errors) => {
  const template = source['volumeClaimTemplate'] as { metadata?: Source; spec?: ClaimSpec } | undefined;
  if (template === undefined) return errors.required(`${at}.volumeClaimTemplate`);
  const path = `${at}.volumeClaimTemplate`;
  const metadata = template.metadata ?? {};
  validateAnnotations(metadata['annotations'] as Record<string, string> | undefined, `${path}.metadata.annotations`, errors);
  validateLabels(metadata['labels'] as Record<string, string> | undefined, `${path}.metadata.labels`, errors);
  for (const field of Object.keys(metadata)) {
    if (!TEMPLATE_METADATA.has(field)) errors.forbidden(`${path}.metadata.${field}`, 'cannot be set');
  }
  validateClaimSpec(template.spec ?? {}, `${path}.spec`, errors);
};

const image: SourceRule = (source, at, errors) => {
  validatePullPolicy(text(source, 'pullPolicy'), `${at}.pullPolicy`, errors);
};

/** Every source in the order in which upstream looks for them: the first is checked, others are one too many. */
const RULES: readonly (readonly [name: string, rule: SourceRule])[] = [
  ['emptyDir', emptyDir],
  ['hostPath', POD_SOURCES['hostPath'] as SourceRule],
  ['gitRepo', POD_SOURCES['gitRepo'] as SourceRule],
  ['gcePersistentDisk', POD_SOURCES['gcePersistentDisk'] as SourceRule],
  ['awsElasticBlockStore', POD_SOURCES['awsElasticBlockStore'] as SourceRule],
  ['secret', keyedVolume('secretName')],
  ['nfs', POD_SOURCES['nfs'] as SourceRule],
  ['iscsi', POD_SOURCES['iscsi'] as SourceRule],
  ['glusterfs', POD_SOURCES['glusterfs'] as SourceRule],
  ['flocker', POD_SOURCES['flocker'] as SourceRule],
  ['persistentVolumeClaim', POD_SOURCES['persistentVolumeClaim'] as SourceRule],
  ['rbd', POD_SOURCES['rbd'] as SourceRule],
  ['cinder', POD_SOURCES['cinder'] as SourceRule],
  ['cephfs', POD_SOURCES['cephfs'] as SourceRule],
  ['quobyte', POD_SOURCES['quobyte'] as SourceRule],
  ['downwardAPI', downwardApiVolume],
  ['fc', POD_SOURCES['fc'] as SourceRule],
  ['flexVolume', POD_SOURCES['flexVolume'] as SourceRule],
  ['configMap', keyedVolume('name')],
  ['azureFile', POD_SOURCES['azureFile'] as SourceRule],
  ['vsphereVolume', POD_SOURCES['vsphereVolume'] as SourceRule],
  ['photonPersistentDisk', POD_SOURCES['photonPersistentDisk'] as SourceRule],
  ['portworxVolume', POD_SOURCES['portworxVolume'] as SourceRule],
  ['azureDisk', POD_SOURCES['azureDisk'] as SourceRule],
  ['storageos', POD_SOURCES['storageos'] as SourceRule],
  ['projected', projectedVolume],
  ['scaleIO', POD_SOURCES['scaleIO'] as SourceRule],
  ['csi', POD_SOURCES['csi'] as SourceRule],
  ['ephemeral', ephemeral],
  ['image', image],
];

/** Paths that upstream spells differently when it refuses a second source, or checks the first. */
const SECOND_PATHS: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };
const OWN_PATHS: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };

function validateSource(volume: Volume, context: PodContext, at: string, errors: FieldErrors): void {
  let count = 0;
  const name = volume.name ?? '';
  for (const [kind, rule] of RULES) {
    const source = volume[kind] as Source | undefined;
    if (source === undefined) continue;
    if (count++ > 0) {
      errors.forbidden(`${at}.${SECOND_PATHS[kind] ?? kind}`, 'may not specify more than 1 volume type');
      continue;
    }
    rule(source, `${at}.${OWN_PATHS[kind] ?? kind}`, errors, name);
    if (kind === 'ephemeral' && context.podName !== '' && name !== '') {
      const claim = `${context.podName}-${name}`;
      errors.invalidEach(
        `${at}.name`,
        name,
        isDns1123Subdomain(claim).map((message) => `PVC name "${claim}": ${message}`),
      );
    } else if (kind === 'image' && context.isPod && text(source, 'reference') === '') errors.required(`${at}.image.reference`);
  }
  if (count === 0) errors.required(at, 'must specify a volume type');
}

/** The volumes of a pod. Returns the usable ones by name. */
export function validateVolumes(
  volumes: Volume[] | undefined,
  context: PodContext,
  at: string,
  errors: FieldErrors,
): ReadonlyMap<string, Volume> {
  const usable = new Map<string, Volume>();
  if (volumes === undefined) return usable;
  volumes.forEach((volume, i) => {
    const path = `${at}[${i}]`;
    const before = errors.list.length;
    const name = volume.name ?? '';
    validateSource(volume, context, path, errors);
    if (name === '') errors.required(`${path}.name`);
    else errors.invalidEach(`${path}.name`, name, isDns1123Label(name));
    if (usable.has(name)) errors.duplicate(`${path}.name`, name);
    if (errors.list.length === before) usable.set(name, volume);
    const claim = (volume['persistentVolumeClaim'] as { claimName?: string } | undefined)?.claimName ?? '';
    const created = volumes.some((other) => other['ephemeral'] !== undefined && `${context.podName}-${other.name ?? ''}` === claim);
    if (claim !== '' && context.podName !== '' && created) {
      const detail = 'must not reference a PVC that gets created for an ephemeral volume';
      errors.invalid(`${path}.persistentVolumeClaim.claimName`, claim, detail);
    }
  });
  return usable;
}
