import type { Quantity } from '@k/apimachinery';
import type { Container, PodSpec } from '../validation/pod-types.js';
import { quantityOf, type ResourceList } from '../validation/resources.js';

type Totals = Map<string, Quantity>;

function add(totals: Totals, container: Container, field: 'requests' | 'limits'): void {
  for (const [name, text] of Object.entries(container.resources?.[field] ?? {})) {
    const amount = quantityOf(text);
    totals.set(name, totals.get(name)?.add(amount) ?? amount);
  }
}

/** The larger of each amount. */
function raise(totals: Totals, others: Totals): void {
  for (const [name, amount] of others) {
    const known = totals.get(name);
    if (known === undefined || known.compare(amount) < 0) totals.set(name, amount);
  }
}

/** What all containers of a pod ask for (or are limited to) at the time when they need most. */
export function podRequests(spec: PodSpec, field: 'requests' | 'limits'): ResourceList {
  const running: Totals = new Map();
  for (const container of spec.containers ?? []) add(running, container, field);
  const sidecars: Totals = new Map();
  const peak: Totals = new Map();
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      add(running, container, field);
      add(sidecars, container, field);
      raise(peak, sidecars);
    } else {
      const alone: Totals = new Map(sidecars);
      add(alone, container, field);
      raise(peak, alone);
    }
  }
  raise(running, peak);
  return Object.fromEntries([...running].map(([name, amount]) => [name, amount.toString()]));
}
