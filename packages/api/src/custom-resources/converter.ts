import type { KubeObject } from '@k/apimachinery';
import type { CrdObject } from './crd-object.js';

/**
 * Converts custom resources by asking the webhook of their definition.
 *
 * @param objects - None has the wanted version.
 * @param apiVersion - `stable.example.com/v2`.
 * @param signal - Breaks the call off when nobody waits for its answer any more.
 * @returns As many objects in the same order, which the caller owns.
 * @throws StatusError 500 with the reason.
 */
export type CustomConverter = (objects: readonly KubeObject[], apiVersion: string, signal?: AbortSignal) => Promise<KubeObject[]>;

/** Makes the converter of a definition with the strategy `Webhook`. */
export type ConverterFactory = (crd: CrdObject) => CustomConverter;
