import type { RequestInfo } from '@k/apimachinery';

/** How many watches there are of one resource. */
interface ResourceWatches {
  /** Of everything. */
  all: number;
  byNamespace: Map<string, number>;
  /** By `namespace/name`. */
  byObject: Map<string, number>;
}

/** Watches that ask for the pods of one node see few of the changes. */
const OF_A_NODE = /(?:^|,)spec\.nodeName==?[^,=!]/;

/** Counts open watches, so that a write can be told how many may want to hear of it. */
export class WatchTracker {
  readonly #resources = new Map<string, Map<string, ResourceWatches>>();

  /** A watch begins. @returns What to call once when it ends. */
  add({ resource, apiGroup, namespace, name }: RequestInfo, fieldSelector: string): () => void {
    if (resource === 'pods' && OF_A_NODE.test(fieldSelector)) return () => {};
    let ofGroup = this.#resources.get(resource);
    if (ofGroup === undefined) this.#resources.set(resource, (ofGroup = new Map()));
    let watches = ofGroup.get(apiGroup);
    if (watches === undefined) ofGroup.set(apiGroup, (watches = { all: 0, byNamespace: new Map(), byObject: new Map() }));
    if (name === '' && namespace === '') {
      const found = watches;
      found.all++;
      return () => {
        found.all--;
      };
    }
    const [counts, key] = name === '' ? [watches.byNamespace, namespace] : [watches.byObject, `${namespace}/${name}`];
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return () => {
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    };
  }

  /** Watches that may be interested in what a write does. */
  interested({ resource, apiGroup, namespace, name }: RequestInfo): number {
    const watches = this.#resources.get(resource)?.get(apiGroup);
    if (watches === undefined) return 0;
    const { all, byNamespace, byObject } = watches;
    const inNamespace = namespace === '' || byNamespace.size === 0 ? 0 : (byNamespace.get(namespace) ?? 0);
    const ofObject = name === '' || byObject.size === 0 ? 0 : (byObject.get(`${namespace}/${name}`) ?? 0);
    return all + inNamespace + ofObject;
  }
}
