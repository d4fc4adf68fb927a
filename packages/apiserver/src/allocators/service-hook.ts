/** Cluster IPs, IP families and node ports of services, given out on create and update and taken back on delete. */
import { isIP } from 'node:net';
import { type FieldError, invalid, type KubeObject, newInternalError, newInvalid } from '@k/apimachinery';
import type { InformerSet } from '../informer-set.js';
import type { WriteHook } from '../server-context.js';
import type { AddressRange } from './address-range.js';
import type { PortRange } from './port-range.js';

interface ServicePort {
  port: number;
  protocol?: string;
  nodePort?: number;
}

interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  selector?: Record<string, string>;
  ports?: ServicePort[];
  allocateLoadBalancerNodePorts?: boolean;
  healthCheckNodePort?: number;
  externalTrafficPolicy?: string;
}

const specOf = (object: KubeObject): ServiceSpec => (object['spec'] ??= {}) as ServiceSpec;
const ownerOf = (object: KubeObject): string => `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
const needsClusterIp = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName';
const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIP === 'None';
const needsNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

function refuse(object: KubeObject, error: FieldError): Error {
  return newInvalid({ group: '', kind: 'Service' }, object.metadata?.name ?? '', [error]);
}

/** What one write took, to give it back when the write fails. */
class Taken {
  readonly #undo: (() => void)[] = [];
  add(undo: () => void): void {
    this.#undo.push(undo);
  }
  readonly release = (): void => {
    for (const undo of this.#undo.splice(0)) undo();
  };
}

/** Allocates for services. Several API servers on one store must not share a range. */
export class ServiceAllocator implements WriteHook {
  readonly #ranges: readonly AddressRange[];
  readonly #ports: PortRange;

  /** @param ranges - One, or two of different families. */
  constructor(ranges: readonly AddressRange[], ports: PortRange) {
    this.#ranges = ranges;
    this.#ports = ports;
  }

  /** Marks what existing services use. */
  async load(informers: InformerSet): Promise<void> {
    await informers.ready('', 'services');
    for (const service of informers.list('', 'services', '')) this.#adopt(service);
  }

  #adopt(service: KubeObject): void {
    const spec = (service['spec'] ?? {}) as ServiceSpec;
    const owner = ownerOf(service);
    for (const address of spec.clusterIPs ?? []) this.#rangeOf(address)?.take(address, owner);
    for (const { nodePort = 0, protocol = 'TCP' } of spec.ports ?? []) if (nodePort > 0) this.#ports.take(nodePort, protocol, owner);
    if ((spec.healthCheckNodePort ?? 0) > 0) this.#ports.take(spec.healthCheckNodePort as number, 'TCP', owner);
  }

  #rangeOf(address: string): AddressRange | undefined {
    return this.#ranges.find((range) => range.has(address));
  }

  beforeCreate = (object: KubeObject, dryRun: boolean): (() => void) => {
    const taken = new Taken();
    try {
      this.#setFamilies(object);
      this.#takeAddresses(object, taken, dryRun);
      this.#takePorts(object, taken, dryRun);
    } catch (error) {
      taken.release();
      throw error;
    }
    return taken.release;
  };

  beforeUpdate = (object: KubeObject, old: KubeObject, dryRun: boolean): (() => void) => {
    const spec = specOf(object);
    const before = (old['spec'] ?? {}) as ServiceSpec;
    if (needsClusterIp(spec) && needsClusterIp(before)) {
      if ((spec.clusterIP ?? '') === '' && before.clusterIP !== undefined) spec.clusterIP = before.clusterIP;
      if ((spec.clusterIPs?.length ?? 0) === 0 && before.clusterIPs !== undefined && spec.clusterIP === before.clusterIP) {
        spec.clusterIPs = [...before.clusterIPs];
      }
      if (spec.ipFamilies === undefined && before.ipFamilies !== undefined) spec.ipFamilies = [...before.ipFamilies];
      if (spec.ipFamilyPolicy === undefined && before.ipFamilyPolicy !== undefined) spec.ipFamilyPolicy = before.ipFamilyPolicy;
    }
    if (needsNodePorts(spec) && needsNodePorts(before)) keepNodePorts(spec, before);
    if (!needsClusterIp(spec) && needsClusterIp(before)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
      delete spec.ipFamilies;
      delete spec.ipFamilyPolicy;
    }
    if (before.type !== spec.type && !needsNodePorts(spec)) dropUnchangedNodePorts(spec, before);
    const taken = new Taken();
    try {
      this.#setFamilies(object);
      if (!needsClusterIp(before)) this.#takeAddresses(object, taken, dryRun);
      this.#takePorts(object, taken, dryRun);
    } catch (error) {
      taken.release();
      throw error;
    }
    return taken.release;
  };

  /** Gives back what an update no longer uses; called once the update is stored. */
  afterUpdate = (object: KubeObject, old: KubeObject): void => {
    this.afterDelete(old);
    this.#adopt(object);
  };

  afterDelete = (object: KubeObject): void => {
    const spec = (object['spec'] ?? {}) as ServiceSpec;
    const owner = ownerOf(object);
    for (const address of spec.clusterIPs ?? []) this.#rangeOf(address)?.release(address, owner);
    for (const { nodePort = 0, protocol = 'TCP' } of spec.ports ?? []) this.#ports.release(nodePort, protocol, owner);
    this.#ports.release(spec.healthCheckNodePort ?? 0, 'TCP', owner);
  };

  #setFamilies(object: KubeObject): void {
    const spec = specOf(object);
    if (!needsClusterIp(spec)) return;
    if ((spec.clusterIP ?? '') === '' && (spec.clusterIPs?.length ?? 0) > 0) spec.clusterIP = spec.clusterIPs?.[0] as string;
    const own = this.#ranges.map(({ family }) => family as string);
    const isSelectorless = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
    const policy = (spec.ipFamilyPolicy ??= isSelectorless && spec.ipFamilies === undefined ? 'RequireDualStack' : 'SingleStack');
    if (policy === 'RequireDualStack' && own.length < 2 && !isSelectorless) {
      throw refuse(object, invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services'));
    }
    if ((spec.ipFamilies?.length ?? 0) === 0) {
      const given = (spec.clusterIPs ?? [spec.clusterIP ?? '']).map((address) => isIP(address)).filter((version) => version !== 0);
      spec.ipFamilies = given.length > 0 ? given.map((version) => (version === 6 ? 'IPv6' : 'IPv4')) : [own[0] as string];
    }
    const families = spec.ipFamilies as string[];
    if (policy !== 'SingleStack' && families.length === 1 && (own.length === 2 || isSelectorless)) {
      families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
    }
    families.forEach((family, i) => {
      if (!own.includes(family) && !isSelectorless && (family === 'IPv4' || family === 'IPv6')) {
        throw refuse(object, invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
      }
    });
  }

  #takeAddresses(object: KubeObject, taken: Taken, dryRun: boolean): void {
    const spec = specOf(object);
    if (!needsClusterIp(spec)) return;
    if (isHeadless(spec)) {
      spec.clusterIPs = ['None'];
      return;
    }
    const wanted = spec.clusterIPs !== undefined && spec.clusterIPs.length > 0 ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : [];
    // Malformed addresses are for validation to refuse.
    if (wanted.some((address) => isIP(address) === 0)) {
      spec.clusterIPs = wanted;
      return;
    }
    const owner = ownerOf(object);
    const given: string[] = [];
    (spec.ipFamilies ?? []).forEach((family, i) => {
      const range = this.#ranges.find((candidate) => candidate.family === family);
      if (range === undefined) return;
      given.push(this.#takeAddress(object, range, wanted[i], wanted, owner, taken, dryRun));
    });
    spec.clusterIPs = given;
    spec.clusterIP = given[0] ?? '';
  }

  #takeAddress(
    object: KubeObject,
    range: AddressRange,
    address: string | undefined,
    wanted: readonly string[],
    owner: string,
    taken: Taken,
    dryRun: boolean,
  ): string {
    const fail = (text: string): Error =>
      refuse(object, invalid('spec.clusterIPs', wanted, `failed to allocate IP ${address ?? ''}: ${text}`));
    if (address === undefined) {
      const any = range.takeAny(owner);
      if (any === null) throw newInternalError('failed to allocate a serviceIP: range is full');
      taken.add(() => range.release(any, owner));
      if (dryRun) taken.release();
      return any;
    }
    if (!range.has(address)) {
      throw fail(
        dryRun
          ? `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.cidr}`
          : 'the provided network does not match the current range',
      );
    }
    if (!range.take(address, owner)) throw fail('provided IP is already allocated');
    taken.add(() => range.release(address, owner));
    return address;
  }

  #takePorts(object: KubeObject, taken: Taken, _dryRun: boolean): void {
    const spec = specOf(object);
    if (!needsNodePorts(spec) && !(spec.type === 'LoadBalancer')) return;
    const owner = ownerOf(object);
    const byPort = new Map<number, number>();
    (spec.ports ?? []).forEach((port, i) => {
      const protocol = port.protocol ?? 'TCP';
      let wanted = port.nodePort ?? 0;
      if (wanted === 0 && !needsNodePorts(spec)) return;
      if (wanted === 0) wanted = byPort.get(port.port) ?? 0;
      if (wanted === 0) {
        const any = this.#ports.takeAny(protocol, owner);
        if (any === null) throw newInternalError('failed to allocate a nodePort: range is full');
        taken.add(() => this.#ports.release(any, protocol, owner));
        port.nodePort = any;
      } else {
        const field = `spec.ports[${i}].nodePort`;
        if (!this.#ports.has(wanted)) {
          const range = `${this.#ports.from}-${this.#ports.to}`;
          throw refuse(object, invalid(field, wanted, `provided port is not in the valid range. The range of valid ports is ${range}`));
        }
        if (!this.#ports.take(wanted, protocol, owner)) throw refuse(object, invalid(field, wanted, 'provided port is already allocated'));
        taken.add(() => this.#ports.release(wanted, protocol, owner));
        port.nodePort = wanted;
      }
      byPort.set(port.port, port.nodePort);
    });
  }
}

/** Ports that stay keep their node ports unless the update names others. */
function keepNodePorts(spec: ServiceSpec, before: ServiceSpec): void {
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
function dropUnchangedNodePorts(spec: ServiceSpec, before: ServiceSpec): void {
  const had = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of spec.ports ?? []) if (had.has(port.nodePort)) delete port.nodePort;
}
