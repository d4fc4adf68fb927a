import type { KubeObject } from '@k/apimachinery';

type Fields = Record<string, unknown>;

/** Defaults of the webhooks of a configuration. @param isMutating - Only those can be asked again. */
export function webhookDefaults(isMutating: boolean): (object: KubeObject) => void {
  return (object) => {
    for (const webhook of (object['webhooks'] as Fields[] | undefined) ?? []) {
      webhook['failurePolicy'] ??= 'Fail';
      webhook['matchPolicy'] ??= 'Equivalent';
      webhook['namespaceSelector'] ??= {};
      webhook['objectSelector'] ??= {};
      webhook['timeoutSeconds'] ??= 10;
      if (isMutating) webhook['reinvocationPolicy'] ??= 'Never';
      for (const rule of (webhook['rules'] as Fields[] | undefined) ?? []) rule['scope'] ??= '*';
      const service = (webhook['clientConfig'] as { service?: Fields } | undefined)?.service;
      if (service !== undefined) service['port'] ??= 443;
    }
  };
}
