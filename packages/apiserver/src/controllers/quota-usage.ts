import { addInto, type QuotaEvaluator, type QuotaEvaluators, type ResourceList, type ScopeRequirement } from '@k/admission/quota';
import { Quantity } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import { parseStored, type ResourceRegistry } from '../registry.js';

/** What the objects of a namespace use, measured from the store. */
export class QuotaUsage {
  readonly #registry: ResourceRegistry;
  readonly #evaluators: QuotaEvaluators;
  /** By the state of an object: a new state is a new key. */
  readonly #known = new WeakMap<StoredObject, ResourceList>();

  constructor(registry: ResourceRegistry, evaluators: QuotaEvaluators) {
    this.#registry = registry;
    this.#evaluators = evaluators;
  }

  /** The resources whose objects count against these names, as far as they are served. */
  evaluatorsFor(names: readonly string[]): QuotaEvaluator[] {
    return this.#evaluators.forNames(names).filter(({ group, resource }) => this.#registry.find(group, resource) !== undefined);
  }

  /**
   * Measures everything that was stored before the call.
   *
   * @returns An amount for each name that some served resource counts against; other names are absent.
   */
  async measure(namespace: string, names: readonly string[], scopes: readonly ScopeRequirement[]): Promise<ResourceList> {
    const total: ResourceList = new Map();
    const sums = await Promise.all(
      this.evaluatorsFor(names).map(async (evaluator) => {
        for (const name of evaluator.matchingNames(names)) total.set(name, Quantity.zero());
        return this.#sum(namespace, evaluator, scopes);
      }),
    );
    for (const sum of sums) addInto(total, sum);
    for (const name of total.keys()) if (!names.includes(name)) total.delete(name);
    return total;
  }

  async #sum(namespace: string, evaluator: QuotaEvaluator, scopes: readonly ScopeRequirement[]): Promise<ResourceList> {
    const sum: ResourceList = new Map();
    if (scopes.length > 0 && !evaluator.hasScopes) return sum;
    const storage = this.#registry.find(evaluator.group, evaluator.resource)?.storage;
    const items = (await storage?.list({ namespace, freshness: { kind: 'latest' } }))?.items ?? [];
    for (const item of items) {
      const known = scopes.length === 0 ? this.#known.get(item) : undefined;
      if (known !== undefined) {
        addInto(sum, known);
        continue;
      }
      const object = parseStored(item);
      if (!scopes.every((scope) => evaluator.matchesScope(scope, object))) continue;
      const usage = evaluator.usage(object);
      // What a deleted pod uses changes with time.
      if (object.metadata?.deletionTimestamp === undefined) this.#known.set(item, usage);
      addInto(sum, usage);
    }
    return sum;
  }
}
