import type { FieldErrors } from './field-errors.js';

/** An address as a number, with its family. */
export interface IpAddress {
  family: 4 | 6;
  value: bigint;
}

/** A network: its first address and the length of its prefix in bits. */
export interface IpNetwork extends IpAddress {
  /** The address as it was written, with bits beyond the prefix. */
  address: bigint;
  bits: number;
}

/** Bits of an address of the family. */
function width(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** Reads four decimal numbers; leading zeros are read as Go once read them, as decimal. */
function parseIpv4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseGroups(text: string): bigint[] | null {
  if (text === '') return [];
  const out: bigint[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (i === parts.length - 1 && part.includes('.')) {
      const tail = parseIpv4(part);
      if (tail === null) return null;
      out.push(tail >> 16n, tail & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) out.push(BigInt(`0x${part}`));
    else return null;
  }
  return out;
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] as string);
  const tail = halves.length === 2 ? parseGroups(halves[1] as string) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** Reads an address; `null` when the text is none. An IPv4 address inside IPv6 (`::ffff:1.2.3.4`) counts as IPv4. */
export function parseIp(text: string): IpAddress | null {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === null ? null : { family: 4, value };
  }
  const value = parseIpv6(text);
  if (value === null) return null;
  if (value >> 32n === 0xffffn) return { family: 4, value: value & 0xffffffffn };
  return { family: 6, value };
}

/** Reads `address/bits`; `null` when the text is none. */
export function parseCidr(text: string): IpNetwork | null {
  const slash = text.indexOf('/');
  if (slash < 0) return null;
  const ip = parseIp(text.slice(0, slash));
  const suffix = text.slice(slash + 1);
  if (ip === null || !/^\d{1,3}$/.test(suffix)) return null;
  const bits = Number(suffix);
  const total = width(ip.family);
  if (bits > total) return null;
  const shift = BigInt(total - bits);
  return { family: ip.family, address: ip.value, value: (ip.value >> shift) << shift, bits };
}

/** Whether a network holds an address. */
export function networkContains(network: IpNetwork, address: IpAddress): boolean {
  if (network.family !== address.family) return false;
  const shift = BigInt(width(network.family) - network.bits);
  return network.value >> shift === address.value >> shift;
}

/** Whether some number is written with zeros in front, which other software reads as octal. */
function hasLeadingZeros(text: string): boolean {
  return /(^|[.:])0\d+(\.|$)/.test(text);
}

/** `::ffff:1.2.3.4`. */
function isMapped(text: string): boolean {
  return text.includes(':') && parseIp(text)?.family === 4;
}

/** An address of either family in an unambiguous form. */
export function validateIp(text: string, at: string, errors: FieldErrors): boolean {
  if (parseIp(text) === null) errors.invalid(at, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
  else if (hasLeadingZeros(text)) errors.invalid(at, text, 'must not have leading 0s');
  else if (isMapped(text)) errors.invalid(at, text, 'must not be an IPv4-mapped IPv6 address');
  else return true;
  return false;
}

/** A network of either family in an unambiguous form. */
export function validateCidr(text: string, at: string, errors: FieldErrors): boolean {
  const network = parseCidr(text);
  const [address = '', bits = ''] = text.split('/');
  if (network === null) errors.invalid(at, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
  else if (hasLeadingZeros(address) || /^0\d/.test(bits)) errors.invalid(at, text, 'must not have leading 0s in IP or prefix length');
  else if (isMapped(address)) errors.invalid(at, text, 'must not have an IPv4-mapped IPv6 address');
  else if (network.address !== network.value) errors.invalid(at, text, 'must not have bits set beyond the prefix length');
  else return true;
  return false;
}

/** An address that endpoints and external IPs may have: neither unspecified, loopback nor link-local. */
export function validateNonSpecialIp(text: string, at: string, errors: FieldErrors): void {
  const ip = parseIp(text);
  if (ip === null) {
    errors.invalid(at, text, 'must be a valid IP address');
    return;
  }
  const { family, value } = ip;
  const four = family === 4;
  if (value === 0n) errors.invalid(at, text, `may not be unspecified (${text})`);
  if (four ? value >> 24n === 127n : value === 1n) errors.invalid(at, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (four ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan) {
    errors.invalid(at, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  }
  if (four ? value >> 8n === 0xe00000n : value >> 112n === 0xff02n) {
    errors.invalid(at, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  }
}

/** Whether the list has one address of each family, and nothing else. */
export function isDualStack(families: readonly (4 | 6 | undefined)[]): boolean {
  return families.includes(4) && families.includes(6);
}

/** The canonical text of an address, as Go prints it. */
function formatIp(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  const groups = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((value >> shift) & 0xffffn).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** The canonical text of an address; other texts as they are. */
export function canonicalIp(text: string): string {
  const ip = parseIp(text);
  return ip === null ? text : formatIp(ip.family, ip.value);
}

/** The canonical text of a network, without bits beyond its prefix. */
export function canonicalCidr(network: IpNetwork): string {
  return `${formatIp(network.family, network.value)}/${network.bits}`;
}
