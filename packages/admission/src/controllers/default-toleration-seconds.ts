/** DefaultTolerationSeconds: pods stay for five minutes on nodes that are not ready or cannot be reached. */
import type { AdmissionController } from '../interface.js';
import { podSpec, type Toleration } from '../pod-fields.js';
import { isPod, isWrite } from '../request-match.js';

/** The DefaultTolerationSeconds controller; both numbers in seconds, 300 by default. */
export function defaultTolerationSeconds(options: { notReadySeconds?: number; unreachableSeconds?: number } = {}): AdmissionController {
  const tolerate = (key: string, tolerationSeconds: number): Toleration => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds,
  });
  const wanted = [
    tolerate('node.kubernetes.io/not-ready', options.notReadySeconds ?? 300),
    tolerate('node.kubernetes.io/unreachable', options.unreachableSeconds ?? 300),
  ];
  const covers = (own: Toleration, key: string | undefined): boolean =>
    ((own.key ?? '') === '' || own.key === key) && ((own.effect ?? '') === '' || own.effect === 'NoExecute');
  return {
    name: 'DefaultTolerationSeconds',
    supportsOperation: isWrite,
    admit(request) {
      if (!isPod(request) || request.object === null) return undefined;
      const spec = podSpec(request.object);
      const given = spec.tolerations ?? [];
      const missing = wanted.filter(({ key }) => !given.some((own) => covers(own, key)));
      if (missing.length > 0) spec.tolerations = [...given, ...missing.map((item) => ({ ...item }))];
      return undefined;
    },
  };
}
