import type { KubeObject } from '@k/apimachinery';
import type { ResourceStrategy } from '../definition.js';

/** Status is written through its own endpoint only. */
export const statusSubresource: Pick<ResourceStrategy, 'prepareForCreate' | 'prepareForUpdate'> = {
  prepareForCreate: (object) => {
    delete object['status'];
  },
  prepareForUpdate: (object, old, subresource) => {
    const kept = subresource === 'status' ? old['spec'] : old['status'];
    const field = subresource === 'status' ? 'spec' : 'status';
    if (kept === undefined) delete object[field];
    else object[field] = kept;
  },
};

/** Like {@link statusSubresource}, for kinds whose status is always there. */
export function freshStatus(initial: () => object): Pick<ResourceStrategy, 'prepareForCreate' | 'prepareForUpdate'> {
  return {
    ...statusSubresource,
    prepareForCreate: (object) => {
      object['status'] = initial();
    },
  };
}

/** For kinds whose status starts as an empty object. */
export const emptyStatus: Pick<ResourceStrategy, 'prepareForCreate' | 'prepareForUpdate'> = freshStatus(() => ({}));

const STATUS_METADATA = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** For kinds whose status is written without their metadata: puts that back as it was. */
export function keepMetadata(object: KubeObject, old: KubeObject): void {
  const metadata = (object.metadata ??= {}) as Record<string, unknown>;
  for (const field of STATUS_METADATA) {
    const before = old.metadata?.[field];
    if (before === undefined) delete metadata[field];
    else metadata[field] = before;
  }
}

/** Rules of a kind whose status is written without its metadata. */
export function withFixedMetadata<T extends ResourceStrategy>(rules: T): T & ResourceStrategy {
  return {
    ...rules,
    prepareForUpdate: (object: KubeObject, old: KubeObject, subresource: string) => {
      rules.prepareForUpdate?.(object, old, subresource);
      if (subresource === 'status') keepMetadata(object, old);
    },
  };
}
