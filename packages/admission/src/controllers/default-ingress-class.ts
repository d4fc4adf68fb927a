/** DefaultIngressClass: ingresses that name no class get the default one. */
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { isCreate, isFor } from '../request-match.js';
import { defaultClassOf } from './default-class.js';

const GROUP = 'networking.k8s.io';
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_ANNOTATIONS = ['ingressclass.kubernetes.io/is-default-class'];

/** The DefaultIngressClass controller. */
export function defaultIngressClass({ objects }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, [GROUP, 'ingressclasses']);
  return {
    name: 'DefaultIngressClass',
    supportsOperation: isCreate,
    admit(request) {
      const { object } = request;
      if (!isFor(request, GROUP, 'ingresses') || object === null) return undefined;
      const spec = (object['spec'] ??= {}) as { ingressClassName?: string };
      if (spec.ingressClassName !== undefined || object.metadata?.annotations?.[CLASS_ANNOTATION] !== undefined) return undefined;
      return caches.whenFilled(request, () => {
        const chosen = defaultClassOf(objects.list(GROUP, 'ingressclasses', ''), DEFAULT_ANNOTATIONS);
        if (chosen !== undefined) spec.ingressClassName = chosen.metadata?.name ?? '';
        return undefined;
      });
    },
  };
}
