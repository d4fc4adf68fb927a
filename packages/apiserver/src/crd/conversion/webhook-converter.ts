/** Custom resources between their versions by the webhook of their definition. */
import type { WebhookClient } from '@k/admission/webhooks';
import type { ConverterFactory, CrdObject, CustomConverter } from '@k/api';
import { type KubeObject, newStatusError } from '@k/apimachinery';
import { acceptConverted } from './converted-object.js';
import { readReview, writeReview } from './review.js';

/** For one call, as upstream; the webhook is told. */
const TIMEOUT_MS = 30_000;
/** Objects of long lists go in several calls. */
const OBJECTS_MAX = 500;

/** Makes converters that share the connections of one client. */
export function webhookConverters(client: WebhookClient): ConverterFactory {
  return (crd) => converterOf(crd, client);
}

function converterOf({ spec }: CrdObject, client: WebhookClient): CustomConverter {
  const known = new Set((spec?.versions ?? []).map(({ name }) => `${spec?.group}/${name}`));
  const { clientConfig = {}, conversionReviewVersions = [] } = spec?.conversion?.webhook ?? {};
  const call = async (objects: readonly KubeObject[], apiVersion: string, signal: AbortSignal | undefined): Promise<KubeObject[]> => {
    const sent = writeReview(conversionReviewVersions, objects, apiVersion);
    let given: unknown[];
    try {
      const options = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
      given = readReview(await client.post(clientConfig as Parameters<typeof client.post>[0], sent.body, options), sent);
    } catch (error) {
      throw new Error(`failed: ${(error as Error).message}`);
    }
    if (given.length !== objects.length) throw new Error(`returned ${given.length} objects, expected ${objects.length}`);
    return objects.map((object, index) => acceptConverted(object, given[index], apiVersion));
  };
  return async (objects, apiVersion, signal) => {
    const converted: KubeObject[] = [];
    for (let start = 0; start < objects.length; start += OBJECTS_MAX) {
      const batch = objects.slice(start, start + OBJECTS_MAX);
      const [first] = batch as [KubeObject];
      const stray = batch.find((object) => !known.has(object.apiVersion ?? ''));
      if (stray !== undefined) throw fault(`request to convert CR from an invalid group/version: ${stray.apiVersion}`);
      try {
        converted.push(...(await call(batch, apiVersion, signal)));
      } catch (error) {
        throw fault(`conversion webhook for ${first.apiVersion}, Kind=${first.kind} ${(error as Error).message}`, error);
      }
    }
    return converted;
  };
}

/** 500 without a reason: upstream passes these errors on as they are. */
function fault(message: string, cause?: unknown): Error {
  return newStatusError(500, '', message, undefined, cause);
}
