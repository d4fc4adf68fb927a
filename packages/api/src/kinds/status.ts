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
