/** PodTolerationRestriction: a namespace, or the cluster, says what its pods tolerate by default and at most. */
import { type KubeObject, newStatusError } from '@k/apimachinery';
import { ConfigurationReader } from '../configuration-reader.js';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { type PodSpec, podSpec, type Toleration } from '../pod-fields.js';
import { isPodBestEffort } from '../pod-resources.js';
import { isPod, isWrite } from '../request-match.js';
import { areTolerationsAllowed, mergeTolerations } from '../tolerations.js';

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations';
const WHITELIST = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';
const MEMORY_PRESSURE: Toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };

/** The cluster's lists, for namespaces without their own. */
export interface TolerationRestrictions {
  default: readonly Toleration[];
  whitelist: readonly Toleration[];
}

const OPERATORS = ['', 'Exists', 'Equal'];
const EFFECTS = ['', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** @throws {RangeError} naming the field and the value that is wrong. */
export function parsePodTolerationRestrictionConfiguration(configuration: unknown): TolerationRestrictions {
  if (configuration === undefined) return { default: [], whitelist: [] };
  const reader = new ConfigurationReader('PodTolerationRestriction', configuration);
  reader.expectKind([['podtolerationrestriction.admission.k8s.io/v1alpha1', 'Configuration']]);
  reader.expectFields(['apiVersion', 'kind', 'default', 'whitelist']);
  const read = (field: string): Toleration[] =>
    reader.list(field).map((entry) => {
      entry.expectFields(['key', 'operator', 'value', 'effect', 'tolerationSeconds']);
      const toleration: Toleration = {};
      for (const name of ['key', 'operator', 'value', 'effect'] as const) {
        const text = entry.optionalString(name);
        if (text !== undefined) toleration[name] = text;
      }
      if (!OPERATORS.includes(toleration.operator ?? '')) throw entry.wrong('operator', toleration.operator, 'is not Exists or Equal');
      if (!EFFECTS.includes(toleration.effect ?? '')) throw entry.wrong('effect', toleration.effect, 'is not an effect of taints');
      if (entry.optional('tolerationSeconds') !== undefined) toleration.tolerationSeconds = entry.integer('tolerationSeconds');
      return toleration;
    });
  return { default: read('default'), whitelist: read('whitelist') };
}

/** The PodTolerationRestriction controller. */
export function podTolerationRestriction({ objects }: AdmissionDependencies, cluster: TolerationRestrictions): AdmissionController {
  const caches = new ObjectCaches(objects, ['', 'namespaces']);
  /** The list that a namespace carries; null when it has none. */
  const ofNamespace = async (name: string, annotation: string): Promise<Toleration[] | null> => {
    const found: KubeObject | undefined = objects.get('', 'namespaces', '', name) ?? (await objects.getLive('', 'namespaces', '', name));
    if (found === undefined) throw newStatusError(500, '', `namespace ${name} does not exist`);
    const text = found.metadata?.annotations?.[annotation] ?? '';
    if (text === '') return null;
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null)) return list as Toleration[];
    } catch {
      // Falls through to the error below.
    }
    throw newStatusError(500, '', `namespace ${name}: annotation ${annotation} is not a JSON list of tolerations`);
  };
  const check = async (request: AdmissionRequest, spec: PodSpec): Promise<undefined> => {
    const tolerations = spec.tolerations ?? [];
    if (tolerations.length === 0) return undefined;
    const own = await ofNamespace(request.namespace, WHITELIST);
    if (areTolerationsAllowed(tolerations, own ?? cluster.whitelist)) return undefined;
    const scope = own === null ? 'cluster' : 'namespace';
    throw newStatusError(
      500,
      '',
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`,
    );
  };
  return {
    name: 'PodTolerationRestriction',
    supportsOperation: isWrite,
    admit(request) {
      const { object } = request;
      if (!isPod(request) || object === null) return undefined;
      return caches.whenFilled(request, async () => {
        const spec = podSpec(object);
        let tolerations = spec.tolerations ?? [];
        if (request.operation === 'CREATE') {
          const defaults = (await ofNamespace(request.namespace, DEFAULTS)) ?? cluster.default;
          if (defaults.length > 0) tolerations = tolerations.length > 0 ? mergeTolerations(defaults, tolerations) : [...defaults];
        }
        if (!isPodBestEffort(spec)) tolerations = mergeTolerations(tolerations, [MEMORY_PRESSURE]);
        if (tolerations.length > 0) spec.tolerations = tolerations;
        return check(request, spec);
      });
    },
    validate(request) {
      const { object } = request;
      if (!isPod(request) || object === null) return undefined;
      return caches.whenFilled(request, () => check(request, podSpec(object)));
    },
  };
}
