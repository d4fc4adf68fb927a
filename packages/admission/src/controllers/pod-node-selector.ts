/** PodNodeSelector: a namespace ties its pods to a part of the nodes. */
import { type KubeObject, newForbidden, newStatusError } from '@k/apimachinery';
import { ConfigurationReader } from '../configuration-reader.js';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { podSpec } from '../pod-fields.js';
import { isCreate, isPod } from '../request-match.js';

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector';
const CLUSTER_DEFAULT = 'clusterDefaultNodeSelector';

type Labels = Readonly<Record<string, string>>;

/** Selectors by namespace, and the cluster's under `clusterDefaultNodeSelector`: `a=b,c=d`. */
export type NodeSelectors = Readonly<Record<string, string>>;

/** @throws {RangeError} naming the field and the value that is wrong. */
export function parsePodNodeSelectorConfiguration(configuration: unknown): NodeSelectors {
  if (configuration === undefined) return {};
  const reader = new ConfigurationReader('PodNodeSelector', configuration);
  reader.expectFields(['podNodeSelectorPluginConfig']);
  const selectors = reader.object('podNodeSelectorPluginConfig');
  return Object.fromEntries(
    selectors.fields().map((name) => {
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
  if (text.trim() === '') return {};
  return Object.fromEntries(
    text.split(',').map((item): [string, string] => {
      const parts = item.split('=');
      const [key = '', value = ''] = parts;
      if (parts.length !== 2 || key.trim() === '') throw newStatusError(500, '', `invalid selector: ${item}`);
      return [key.trim(), value.trim()];
    }),
  );
}

const isConflict = (a: Labels, b: Labels): boolean => Object.entries(a).some(([key, value]) => b[key] !== undefined && b[key] !== value);

/** The PodNodeSelector controller. */
export function podNodeSelector({ objects }: AdmissionDependencies, selectors: NodeSelectors = {}): AdmissionController {
  const caches = new ObjectCaches(objects, ['', 'namespaces']);
  const selectorOf = async (name: string): Promise<Labels> => {
    const found: KubeObject | undefined = objects.get('', 'namespaces', '', name) ?? (await objects.getLive('', 'namespaces', '', name));
    if (found === undefined) throw newStatusError(500, '', `namespace ${name} does not exist`);
    return parseLabels(found.metadata?.annotations?.[ANNOTATION] ?? selectors[CLUSTER_DEFAULT] ?? '');
  };
  const check = async (request: AdmissionRequest, pod: KubeObject, wanted: Labels): Promise<undefined> => {
    const spec = podSpec(pod);
    const refuse = (text: string): never => {
      throw newForbidden(request.resource, pod.metadata?.name ?? '', text);
    };
    if (isConflict(wanted, spec.nodeSelector ?? {})) refuse('pod node label selector conflicts with its namespace node label selector');
    const allowed = parseLabels(selectors[request.namespace] ?? '');
    const isAllowed = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => allowed[key] === value);
    if (Object.keys(allowed).length > 0 && !isAllowed) refuse('pod node label selector labels conflict with its namespace whitelist');
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
        const own = spec.nodeSelector ?? {};
        if (!isConflict(wanted, own) && Object.keys(wanted).length > 0) spec.nodeSelector = { ...wanted, ...own };
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
