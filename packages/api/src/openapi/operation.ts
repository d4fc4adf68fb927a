import type { Parameter } from './parameters.js';

/** A group-version-kind as extensions carry it. */
export interface KindReference {
  group: string;
  version: string;
  kind: string;
}

/** One request that a client may make. */
export interface Operation {
  readonly path: string;
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';
  readonly operationId: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** `x-kubernetes-action`; absent for discovery. */
  readonly action?: string;
  readonly kind?: KindReference;
  readonly parameters: readonly Parameter[];
  /** The definition of the body and its media types. */
  readonly body?: { definition: string; consumes: readonly string[]; required: boolean };
  /** Definition of the answer by status; 'string' = plain text. */
  readonly answers: Readonly<Record<string, string>>;
  readonly produces: readonly string[];
}
