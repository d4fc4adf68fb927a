/** Cluster IPs, IP families and node ports of services, given out on create and update and taken back on delete. */
import { isIP } from 'node:net';
import { clusterIpFaults } from '@k/api';
import { type FieldError, invalid, type KubeObject, newInternalError, newInvalid } from '@k/apimachinery';
import type { InformerSet } from '../informer-set.js';
import type { WriteHook } from '../server-context.js';
import type { AddressRange } from './address-range.js';
import { dropUnchangedNodePorts, keepNodePorts } from './kept-node-ports.js';
import type { PortRange } from './port-range.js';
import type { ServiceSpec } from './service-spec.js';

const specOf = (object: KubeObject): ServiceSpec => (object['spec'] ??= {}) as ServiceSpec;
const ownerOf = (object: KubeObject): string => `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
const needsClusterIp = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName';
const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIP === 'None';
const needsNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

const needsHealthPort = (spec: ServiceSpec): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

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
      this.#takeHealthPort(object, taken);
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
      if (!needsHealthPort(before)) this.#takeHealthPort(object, taken);
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
    // What contradicts itself is refused for that alone, before anything is inferred from it.
    const faults = clusterIpFaults(object);
    if (faults.length > 0) throw newInvalid({ group: '', kind: 'Service' }, object.metadata?.name ?? '', faults);
    const own = this.#ranges.map(({ family }) => family as string);
    const isSelectorless = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
    const policy = (spec.ipFamilyPolicy ??= isSelectorless && spec.ipFamilies === undefined ? 'RequireDualStack' : 'SingleStack');
    const families = [...(spec.ipFamilies ?? [])];
    if (policy === 'SingleStack') {
      const dual = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
      if (spec.clusterIPs?.length === 2) faults.push(invalid('spec.ipFamilyPolicy', policy, `${dual} cluster IPs are specified`));
      if (families.length === 2) faults.push(invalid('spec.ipFamilyPolicy', policy, `${dual} IP families are specified`));
    }
    if (!isHeadless(spec)) {
      (spec.clusterIPs ?? []).slice(families.length).forEach((address) => {
        const family = isIP(address) === 6 ? 'IPv6' : 'IPv4';
        if (own.includes(family)) families.push(family);
        else {
          const at = `spec.clusterIPs[${spec.clusterIPs?.indexOf(address) ?? 0}]`;
          faults.push(invalid(at, spec.clusterIPs, `${family} is not configured on this cluster`));
        }
      });
    }
    if (faults.length === 0 && !isSelectorless) {
      if (policy === 'RequireDualStack' && own.length < 2) {
        faults.push(invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services'));
      }
      families.forEach((family, i) => {
        if (!own.includes(family)) faults.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
      });
    }
    if (faults.length > 0) throw newInvalid({ group: '', kind: 'Service' }, object.metadata?.name ?? '', faults);
    if (families.length === 0) families.push(own[0] as string);
    if (policy !== 'SingleStack' && families.length === 1 && (own.length === 2 || isSelectorless)) {
      families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
    }
    spec.ipFamilies = families;
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

  /** The port that a load balancer asks for the health of its node's pods. */
  #takeHealthPort(object: KubeObject, taken: Taken): void {
    const spec = specOf(object);
    if (!needsHealthPort(spec)) return;
    const owner = ownerOf(object);
    const wanted = spec.healthCheckNodePort ?? 0;
    const port = wanted === 0 ? this.#ports.takeAny('TCP', owner) : wanted;
    if (port === null) throw newInternalError('failed to allocate a HealthCheck NodePort: range is full');
    if (wanted !== 0) {
      const failed = `failed to allocate requested HealthCheck NodePort ${wanted}`;
      if (!this.#ports.has(wanted)) {
        const range = `${this.#ports.from}-${this.#ports.to}`;
        const text = `${failed}: provided port is not in the valid range. The range of valid ports is ${range}`;
        throw refuse(object, invalid('spec.healthCheckNodePort', wanted, text));
      }
      if (!this.#ports.take(wanted, 'TCP', owner)) {
        throw refuse(object, invalid('spec.healthCheckNodePort', wanted, `${failed}: provided port is already allocated`));
      }
    }
    taken.add(() => this.#ports.release(port, 'TCP', owner));
    spec.healthCheckNodePort = port;
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
