/** Node ports over updates that do not speak of them. */
import type { ServiceSpec } from './service-spec.js';

/** Ports that stay keep their node ports unless the update names others. */
export function keepNodePorts(spec: ServiceSpec, before: ServiceSpec): void {
  const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
  for (const port of spec.ports ?? []) {
    if ((port.nodePort ?? 0) !== 0) continue;
    const same = (before.ports ?? []).find((old) => old.port === port.port && (old.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (same?.nodePort !== undefined && !used.has(same.nodePort)) {
      port.nodePort = same.nodePort;
      used.add(same.nodePort);
    }
  }
}

/** A service that needs no node ports any more loses those that the client only sent back. */
export function dropUnchangedNodePorts(spec: ServiceSpec, before: ServiceSpec): void {
  const had = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of spec.ports ?? []) if (had.has(port.nodePort)) delete port.nodePort;
}
