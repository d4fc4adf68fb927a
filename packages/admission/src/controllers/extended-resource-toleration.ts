/** ExtendedResourceToleration: pods that ask for a special resource tolerate the taint of the nodes that have it. */
import type { AdmissionController } from '../interface.js';
import { podSpec, type Toleration } from '../pod-fields.js';
import { isPod, isWrite } from '../request-match.js';
import { isExtendedResource } from '../resource-names.js';

/** The ExtendedResourceToleration controller. */
export function extendedResourceToleration(): AdmissionController {
  return {
    name: 'ExtendedResourceToleration',
    supportsOperation: isWrite,
    admit(request) {
      if (!isPod(request) || request.object === null) return undefined;
      const spec = podSpec(request.object);
      const names = new Set<string>();
      for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
        for (const name of Object.keys(resources?.requests ?? {})) if (isExtendedResource(name)) names.add(name);
      }
      for (const key of [...names].sort()) addToleration(spec, { key, operator: 'Exists', effect: 'NoSchedule' });
      return undefined;
    },
  };
}

/** Adds a toleration, or puts it in the place of one that differs in its seconds only. */
function addToleration(spec: { tolerations?: Toleration[] }, wanted: Toleration): void {
  const list = spec.tolerations ?? [];
  const i = list.findIndex(
    ({ key, operator, effect, value }) =>
      key === wanted.key && operator === wanted.operator && effect === wanted.effect && (value ?? '') === '',
  );
  spec.tolerations = i < 0 ? [...list, wanted] : list.with(i, wanted);
}
