/** AlwaysPullImages: every start of a container asks the registry, so that credentials are checked each time. */
import { formatFieldError, type KubeObject, newStatusError, notSupported } from '@k/apimachinery';
import type { AdmissionController, AdmissionRequest } from '../interface.js';
import { type PodContainer, type PodSpec, podSpec } from '../pod-fields.js';
import { isPod, isWrite } from '../request-match.js';
import { forbiddenFor } from '../response.js';

interface ImageVolume {
  reference?: string;
  pullPolicy?: string;
}

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

function* containersOf(spec: PodSpec): Generator<[path: string, container: PodContainer]> {
  for (const list of LISTS) {
    for (const [i, container] of (spec[list] ?? []).entries()) yield [`spec.${list}[${i}]`, container];
  }
}

function* imageVolumesOf(spec: PodSpec): Generator<[path: string, image: ImageVolume]> {
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    const image = volume['image'] as ImageVolume | undefined;
    if (image !== undefined) yield [`spec.volumes[${i}].image`, image];
  }
}

function imagesOf(pod: KubeObject | null): Set<string> {
  const spec = (pod?.['spec'] ?? {}) as PodSpec;
  const images = [...containersOf(spec)].map(([, { image }]) => image ?? '');
  return new Set([...images, ...[...imageVolumesOf(spec)].map(([, { reference }]) => reference ?? '')]);
}

/** Updates that bring no new image leave the policies alone. */
function isConcerned(request: AdmissionRequest): boolean {
  if (!isPod(request) || request.object === null) return false;
  if (request.operation === 'CREATE') return true;
  const old = imagesOf(request.oldObject);
  return [...imagesOf(request.object)].some((image) => !old.has(image));
}

/** The AlwaysPullImages controller. */
export function alwaysPullImages(): AdmissionController {
  return {
    name: 'AlwaysPullImages',
    supportsOperation: isWrite,
    admit(request) {
      if (!isConcerned(request)) return undefined;
      const spec = podSpec(request.object as KubeObject);
      for (const [, container] of containersOf(spec)) container.imagePullPolicy = 'Always';
      for (const [, image] of imageVolumesOf(spec)) image.pullPolicy = 'Always';
      return undefined;
    },
    validate(request) {
      if (!isConcerned(request)) return undefined;
      const spec = podSpec(request.object as KubeObject);
      const wrong = (path: string, policy: string | undefined): string[] =>
        policy === 'Always' ? [] : [forbiddenFor(request, formatFieldError(notSupported(path, policy ?? '', ['Always']))).message];
      const faults = [
        ...[...containersOf(spec)].flatMap(([path, { imagePullPolicy }]) => wrong(`${path}.imagePullPolicy`, imagePullPolicy)),
        ...[...imageVolumesOf(spec)].flatMap(([path, { pullPolicy }]) => wrong(`${path}.pullPolicy`, pullPolicy)),
      ];
      if (faults.length === 0) return undefined;
      // Upstream sends the aggregate of several refusals as an error without a reason.
      throw newStatusError(500, '', faults.length === 1 ? (faults[0] as string) : `[${faults.join(', ')}]`);
    },
  };
}
