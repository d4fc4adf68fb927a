/** PodNodeSelector: a namespace ties its pods to a part of the nodes. */
import { type KubeObject, newForbidden, newStatusError } from '@k/apimachinery';
import { ConfigurationReader } from '../configuration-reader.js';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { type PodSpec, podSpec } from '../pod-fields.js';
import { isCreate, isPod } from '../request-match.js';

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector';
const CLUSTER_DEFAULT = 'clusterDefaultNodeSelector';

type Labels = ReadonlyMap<string, string>;

/** Selectors by namespace, and the cluster's under `clusterDefaultNodeSelector`: `a=b,c=d`. */
export type NodeSelectors = ReadonlyMap<string, string>;

/** @throws {RangeError} naming the field and the value that is wrong. */
export function parsePodNodeSelectorConfiguration(configuration: unknown): NodeSelectors {
  if (configuration === undefined) return new Map();
  const reader = new ConfigurationReader('PodNodeSelector', configuration);
  reader.expectFields(['podNodeSelectorPluginConfig']);
  const selectors = reader.object('podNodeSelectorPluginConfig');
  return new Map(
    selectors.fields().map((name): [string, string] => {
      const text = selectors.optionalString(name) ?? '';
      try {
        parseLabels(text);
      } catch {
        throw selectors.wrong(name, text, 'is not a list of labels like a=b,c=d');
      }
      return [name, text];
    }),
  );
}

/** Reads `a=b,c=d`. */
function parseLabels(text: string): Labels {
  if (text.trim() === '') return new Map();
  return new Map(
    text.split(',').map((item): [string, string] => {
      const parts = item.split('=');
      const [key = '', value = ''] = parts;
      if (parts.length !== 2 || key.trim() === '') throw newStatusError(500, '', `invalid selector: ${item}`);
      return [key.trim(), value.trim()];
    }),
  );
}

const isConflict = (a: Labels, b: Labels): boolean => [...a].some(([key, value]) => (b.get(key) ?? value) !== value);
const selectorOfPod = ({ nodeSelector = {} }: PodSpec): Labels => new Map(Object.entries(nodeSelector));

/** The PodNodeSelector controller. */
export function podNodeSelector({ objects }: AdmissionDependencies, selectors: NodeSelectors = new Map()): AdmissionController {
  const caches = new ObjectCaches(objects, ['', 'namespaces']);
  const selectorOf = async (name: string): Promise<Labels> => {
    const found: KubeObject | undefined = objects.get('', 'namespaces', '', name) ?? (await objects.getLive('', 'namespaces', '', name));
    if (found === undefined) throw newStatusError(500, '', `namespace ${name} does not exist`);
    return parseLabels(found.metadata?.annotations?.[ANNOTATION] ?? selectors.get(CLUSTER_DEFAULT) ?? '');
  };
  const check = async (request: AdmissionRequest, pod: KubeObject, wanted: Labels): Promise<undefined> => {
    const own = selectorOfPod(podSpec(pod));
    const refuse = (text: string): never => {
      throw newForbidden(request.resource, pod.metadata?.name ?? '', text);
    };
    if (isConflict(wanted, own)) refuse('pod node label selector conflicts with its namespace node label selector');
    const allowed = parseLabels(selectors.get(request.namespace) ?? '');
    const isAllowed = [...own].every(([key, value]) => allowed.get(key) === value);
    if (allowed.size > 0 && !isAllowed) refuse('pod node label selector labels conflict with its namespace whitelist');
    return undefined;
  };
  return {
    name: 'PodNodeSelector',
    supportsOperation: isCreate,
    admit(request) {
      const { object } = request;
      if (!isPod(request) || object === null) return undefined;
      return caches.whenFilled(request, async () => {
        const wanted = await selectorOf(request.namespace);
        const spec = podSpec(object);
        const own = selectorOfPod(spec);
        if (!isConflict(wanted, own) && wanted.size > 0) spec.nodeSelector = Object.fromEntries([...wanted, ...own]);
        return check(request, object, wanted);
      });
    },
    validate(request) {
      const { object } = request;
      if (!isPod(request) || object === null) return undefined;
      return caches.whenFilled(request, async () => check(request, object, await selectorOf(request.namespace)));
    },
  };
}
