import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import type { NameRule } from './metadata.js';

/** Rules of a new object. */
export type CreateRule = (object: KubeObject, errors: FieldErrors) => void;
/** Rules of a change. */
export type UpdateRule = (object: KubeObject, old: KubeObject, errors: FieldErrors) => void;

/** How one kind is validated beyond its schema. All parts are optional. */
export interface KindValidation {
  /** Default: DNS subdomain. */
  nameRule?: NameRule;
  /** Rules of a new object, without those of metadata. */
  create?: CreateRule;
  /** Rules of a change. Default: those of a new object. */
  update?: UpdateRule;
  /** Rules of changes through subresources. Default: none; `scale` counts as a change of the object itself. */
  subresources?: Readonly<Record<string, UpdateRule>>;
  /**
   * Which rules of metadata the kind applies to changes, besides those that every kind goes through first: upstream's
   * kinds repeat some of them, and the repetitions show as causes. Default `update`.
   */
  metadataOnUpdate?: 'none' | 'update' | 'create' | 'both';
}
