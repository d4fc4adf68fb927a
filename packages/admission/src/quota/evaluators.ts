/** Which evaluator is for which resource, and for which name of a quota. */
import type { GroupResource } from '@k/apimachinery';
import { claimEvaluator } from './claim-evaluator.js';
import type { QuotaEvaluator } from './evaluator.js';
import { objectCountEvaluator } from './object-count-evaluator.js';
import { podEvaluator } from './pod-evaluator.js';
import { resourceClaimEvaluator } from './resource-claim-evaluator.js';
import { serviceEvaluator } from './service-evaluator.js';

const COUNTED_BY_OWN_NAME = ['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'];
/** Never counted: requests that are answered rather than stored, and events, which come without end. */
const IGNORED: ReadonlySet<string> = new Set([
  'bindings.',
  'componentstatuses.',
  'events.',
  'events.events.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'selfsubjectreviews.authentication.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
]);

/** The evaluators of one server; those of plain resources are made as they are asked for. */
export class QuotaEvaluators {
  readonly #known = new Map<string, QuotaEvaluator>();
  readonly #special: readonly QuotaEvaluator[];

  /** @param now - Milliseconds since the epoch. Default `Date.now`. */
  constructor(now: () => number = Date.now) {
    const counted = COUNTED_BY_OWN_NAME.map((resource) => objectCountEvaluator({ group: '', resource }, resource));
    this.#special = [podEvaluator(now), serviceEvaluator(), claimEvaluator(), resourceClaimEvaluator(), ...counted];
    for (const evaluator of this.#special) this.#known.set(`${evaluator.resource}.${evaluator.group}`, evaluator);
  }

  /** `undefined` for resources that no quota counts. */
  find({ group, resource }: GroupResource): QuotaEvaluator | undefined {
    const key = `${resource}.${group}`;
    const known = this.#known.get(key);
    if (known !== undefined || IGNORED.has(key)) return known;
    const made = objectCountEvaluator({ group, resource });
    this.#known.set(key, made);
    return made;
  }

  /** The evaluators that a quota with these names needs; `count/x` of a resource that nobody serves has one too. */
  forNames(names: Iterable<string>): QuotaEvaluator[] {
    const given = [...names];
    const found = new Set(this.#special.filter((evaluator) => evaluator.matchingNames(given).length > 0));
    for (const name of given) {
      const counted = countedResource(name);
      const evaluator = counted === null ? undefined : this.find(counted);
      if (evaluator !== undefined) found.add(evaluator);
    }
    return [...found];
  }
}

/** The resource of `count/deployments.apps`; null for other names. */
function countedResource(name: string): GroupResource | null {
  if (!name.startsWith('count/')) return null;
  const [resource = '', ...group] = name.slice('count/'.length).split('.');
  return { resource, group: group.join('.') };
}
