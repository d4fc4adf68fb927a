import type { KubeObject } from '@k/apimachinery';

interface Port {
  name?: string;
  protocol?: string;
}

/** Ports of endpoints speak TCP unless they say otherwise. */
export function endpointsDefaults(object: KubeObject): void {
  for (const { ports } of (object['subsets'] as { ports?: Port[] }[] | undefined) ?? []) {
    for (const port of ports ?? []) port.protocol ||= 'TCP';
  }
}

/** Ports of endpoint slices have an empty name and speak TCP unless they say otherwise. */
export function sliceDefaults(object: KubeObject): void {
  for (const port of (object['ports'] as Port[] | undefined) ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}
