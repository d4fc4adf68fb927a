/** `ip()` and `cidr()`. */
import { canonicalIp, type IpAddress, type IpNetwork, networkContains, parseCidr, parseIp } from '@k/api';
import { goQuote } from '@k/apimachinery';
import type { Environment } from '@marcbachmann/cel-js';
import { CelEvaluationError } from '../errors.js';

/** An address in an expression. */
export class CelIp {
  readonly typeName = 'net.IP';
  readonly text: string;
  readonly address: IpAddress;

  constructor(text: string, address: IpAddress) {
    this.text = text;
    this.address = address;
  }

  equals(other: unknown): boolean {
    return other instanceof CelIp && other.address.family === this.address.family && other.address.value === this.address.value;
  }

  toString(): string {
    return canonicalIp(this.text);
  }
}

/** A network in an expression. */
export class CelCidr {
  readonly typeName = 'net.CIDR';
  readonly ip: string;
  readonly network: IpNetwork;

  constructor(ip: string, network: IpNetwork) {
    this.ip = ip;
    this.network = network;
  }

  equals(other: unknown): boolean {
    if (!(other instanceof CelCidr)) return false;
    const { family, address, bits } = other.network;
    return family === this.network.family && address === this.network.address && bits === this.network.bits;
  }

  toString(): string {
    return `${canonicalIp(this.ip)}/${this.network.bits}`;
  }
}

const isStrict = (text: string): boolean => !/(?:^|\.)0\d/.test(text) && !text.includes('%');
const isMapped = (text: string): boolean => text.includes(':') && parseIp(text)?.family === 4;

function ipOf(text: string): CelIp {
  const address = isStrict(text) ? parseIp(text) : null;
  if (address === null) {
    throw new CelEvaluationError(
      `IP Address ${goQuote(text)} parse error during conversion from string: ParseAddr(${goQuote(text)}): unable to parse IP`,
    );
  }
  if (isMapped(text)) throw new CelEvaluationError(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`);
  return new CelIp(text, address);
}

function cidrOf(text: string): CelCidr {
  const slash = text.lastIndexOf('/');
  const fault = (why: string): CelEvaluationError =>
    new CelEvaluationError(`network address parse error during conversion from string: netip.ParsePrefix(${goQuote(text)}): ${why}`);
  if (slash < 0) throw fault("no '/'");
  const ip = text.slice(0, slash);
  if (!isStrict(ip) || parseIp(ip) === null) throw fault(`ParseAddr(${goQuote(ip)}): unable to parse IP`);
  const bits = text.slice(slash + 1);
  const network = /^(?:0|[1-9]\d*)$/.test(bits) ? parseCidr(text) : null;
  if (network === null) throw fault(/^\d+$/.test(bits) ? 'prefix length out of range' : `bad bits after slash: ${goQuote(bits)}`);
  if (isMapped(ip)) throw new CelEvaluationError(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`);
  return new CelCidr(ip, network);
}

function can(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/** True when the address lies in one of the networks. */
function isIn({ address }: CelIp, ...networks: string[]): boolean {
  return networks.some((text) => networkContains(parseCidr(text) as IpNetwork, address));
}

const isLinkLocal = (ip: CelIp): boolean => isIn(ip, '169.254.0.0/16', 'fe80::/10');
const isLoopback = (ip: CelIp): boolean => isIn(ip, '127.0.0.0/8', '::1/128');
const isMulticast = (ip: CelIp): boolean => isIn(ip, '224.0.0.0/4', 'ff00::/8');
const isUnspecified = (ip: CelIp): boolean => ip.address.value === 0n;

/** Declares them. */
export function registerNetwork(environment: Environment): void {
  const holdsIp = ({ network }: CelCidr, { address }: CelIp): boolean => networkContains(network, address);
  const holdsCidr = (outer: CelCidr, inner: CelCidr): boolean =>
    outer.network.bits <= inner.network.bits &&
    networkContains(outer.network, { family: inner.network.family, value: inner.network.value });
  environment
    .registerType('net.IP', CelIp)
    .registerType('net.CIDR', CelCidr)
    .registerFunction('ip(string): net.IP', ipOf)
    .registerFunction('isIP(string): bool', (text: string) => can(() => ipOf(text)))
    .registerFunction('_ip_isCanonical(string): bool', (text: string) => ipOf(text).toString() === text)
    .registerFunction('net.IP.family(): int', ({ address }: CelIp) => BigInt(address.family))
    .registerFunction('net.IP.isUnspecified(): bool', isUnspecified)
    .registerFunction('net.IP.isLoopback(): bool', isLoopback)
    .registerFunction('net.IP.isLinkLocalMulticast(): bool', (ip: CelIp) => isIn(ip, '224.0.0.0/24', 'ff02::/16'))
    .registerFunction('net.IP.isLinkLocalUnicast(): bool', isLinkLocal)
    .registerFunction('net.IP.isGlobalUnicast(): bool', (ip: CelIp) => {
      const isBroadcast = ip.address.family === 4 && ip.address.value === 0xffffffffn;
      return !isBroadcast && !isUnspecified(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocal(ip);
    })
    .registerFunction('cidr(string): net.CIDR', cidrOf)
    .registerFunction('isCIDR(string): bool', (text: string) => can(() => cidrOf(text)))
    .registerFunction('net.CIDR.containsIP(net.IP): bool', holdsIp)
    .registerFunction('net.CIDR.containsIP(string): bool', (cidr: CelCidr, text: string) => holdsIp(cidr, ipOf(text)))
    .registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', holdsCidr)
    .registerFunction('net.CIDR.containsCIDR(string): bool', (cidr: CelCidr, text: string) => holdsCidr(cidr, cidrOf(text)))
    .registerFunction('net.CIDR.ip(): net.IP', ({ ip }: CelCidr) => ipOf(ip))
    .registerFunction('net.CIDR.masked(): net.CIDR', ({ ip, network }: CelCidr) => {
      const first = parseIp(ip)?.family === 6 ? textOf6(network.value) : textOf4(network.value);
      return cidrOf(`${first}/${network.bits}`);
    })
    .registerFunction('net.CIDR.prefixLength(): int', ({ network }: CelCidr) => BigInt(network.bits));
}

const textOf4 = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
const textOf6 = (value: bigint): string =>
  canonicalIp([112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((value >> shift) & 0xffffn).toString(16)).join(':'));
