/** RuntimeClass: pods get the overhead, the node selector and the tolerations of their runtime class. */
import { type KubeObject, Quantity } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { type PodSpec, podSpec, type Toleration } from '../pod-fields.js';
import { isCreate, isPod } from '../request-match.js';
import { deny } from '../response.js';
import { mergeTolerations } from '../tolerations.js';

interface RuntimeClass extends KubeObject {
  overhead?: { podFixed?: Record<string, string> };
  scheduling?: { nodeSelector?: Record<string, string>; tolerations?: Toleration[] };
}

type Answer = AdmissionResponse | undefined;

const GROUP = 'node.k8s.io';
const MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

function isSameAmounts(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every(
    (name) => Object.hasOwn(b, name) && Quantity.parse(a[name] as string).compare(Quantity.parse(b[name] as string)) === 0,
  );
}

function setOverhead(spec: PodSpec, found: RuntimeClass): Answer {
  if (found.overhead === undefined) return undefined;
  const fixed = found.overhead.podFixed ?? {};
  if (spec.overhead !== undefined && !isSameAmounts(fixed, spec.overhead)) return deny(MISMATCH);
  spec.overhead = { ...fixed };
  return undefined;
}

function setScheduling(spec: PodSpec, { scheduling }: RuntimeClass): Answer {
  if (scheduling === undefined) return undefined;
  const own = spec.nodeSelector ?? {};
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const given = Object.hasOwn(own, key) ? own[key] : value;
    if (given !== value) {
      return deny(`conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${given}`);
    }
  }
  const nodeSelector = { ...own, ...scheduling.nodeSelector };
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = nodeSelector;
  const tolerations = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? []);
  if (tolerations.length > 0) spec.tolerations = tolerations;
  return undefined;
}

function checkOverhead(spec: PodSpec, found: RuntimeClass | undefined): Answer {
  if (found?.overhead !== undefined) return isSameAmounts(found.overhead.podFixed ?? {}, spec.overhead ?? {}) ? undefined : deny(MISMATCH);
  return spec.overhead === undefined
    ? undefined
    : deny('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
}

/** The RuntimeClass controller. */
export function runtimeClass({ objects }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, [GROUP, 'runtimeclasses']);
  /** Calls `use` with the class of the pod; without one when it names none. */
  const withClass = (request: AdmissionRequest, use: (spec: PodSpec, found?: RuntimeClass) => Answer): Answer | Promise<Answer> => {
    if (!isPod(request) || request.object === null) return undefined;
    const spec = podSpec(request.object);
    const name = spec.runtimeClassName;
    if (name === undefined) return use(spec);
    return caches.whenFilled(request, () => {
      const cached = objects.get(GROUP, 'runtimeclasses', '', name);
      if (cached !== undefined) return use(spec, cached);
      return objects
        .getLive(GROUP, 'runtimeclasses', '', name)
        .then((live) => (live === undefined ? deny(`pod rejected: RuntimeClass ${JSON.stringify(name)} not found`) : use(spec, live)));
    });
  };
  return {
    name: 'RuntimeClass',
    supportsOperation: isCreate,
    admit: (request) =>
      withClass(request, (spec, found) => (found === undefined ? undefined : (setOverhead(spec, found) ?? setScheduling(spec, found)))),
    validate: (request) => withClass(request, checkOverhead),
  };
}
