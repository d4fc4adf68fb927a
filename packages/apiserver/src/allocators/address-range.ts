/** One range of service addresses and which of them are taken. Lives in memory: rebuilt from the services at start. */
import { BlockList, isIP } from 'node:net';

/** IPv4 or IPv6, as the API writes it. */
export type IpFamily = 'IPv4' | 'IPv6';

/** Addresses of IPv6 ranges beyond this are not handed out, as in kube-apiserver. */
const ADDRESSES_MAX = 1n << 16n;

/** An address as a number. */
function toNumber(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const [head = '', tail] = address.split('::');
  const parse = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = parse(head);
  const right = tail === undefined ? [] : parse(tail);
  const words = [...left, ...Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0'), ...right];
  return words.reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n);
}

function toAddress(value: bigint, family: IpFamily): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - i * 16)) & 0xffffn).toString(16));
  // The URL parser writes the canonical short form.
  return new URL(`http://[${words.join(':')}]/`).hostname.slice(1, -1);
}

/** A CIDR of service addresses. */
export class AddressRange {
  readonly cidr: string;
  readonly family: IpFamily;
  readonly #first: bigint;
  readonly #size: bigint;
  readonly #prefix: number;
  readonly #network: string;
  readonly #taken = new Map<string, string>();

  /** @throws {RangeError} naming the text that is no CIDR. */
  constructor(cidr: string) {
    const [network = '', bits = ''] = cidr.split('/');
    const version = isIP(network);
    const length = version === 6 ? 128 : 32;
    const prefix = Number(bits);
    if (version === 0 || !/^\d{1,3}$/.test(bits) || prefix > length - 2) {
      throw new RangeError(`"${cidr}" is not a range of addresses such as 10.0.0.0/24`);
    }
    this.family = version === 6 ? 'IPv6' : 'IPv4';
    this.cidr = cidr;
    this.#prefix = prefix;
    this.#network = network;
    const size = 1n << BigInt(length - prefix);
    this.#size = size > ADDRESSES_MAX ? ADDRESSES_MAX : size;
    this.#first = (toNumber(network) / size) * size;
  }

  /** The first usable address, which the `kubernetes` service gets. */
  get first(): string {
    return toAddress(this.#first + 1n, this.family);
  }

  has(address: string): boolean {
    const list = new BlockList();
    const family = this.family === 'IPv4' ? 'ipv4' : 'ipv6';
    list.addSubnet(this.#network, this.#prefix, family);
    return isIP(address) !== 0 && list.check(address, family);
  }

  /** Takes a given address for an owner; false when another owner has it. */
  take(address: string, owner: string): boolean {
    const holder = this.#taken.get(address);
    if (holder !== undefined && holder !== owner) return false;
    this.#taken.set(address, owner);
    return true;
  }

  /** Takes a free address at random, from the upper part of the range while there is room; null when all are taken. */
  takeAny(owner: string): string | null {
    // The lower part is left for addresses chosen by hand.
    const reserved = BigInt(Math.max(Math.min(16, Number(this.#size / 16n)), Math.min(256, Number(this.#size / 16n))));
    const usable = this.#size - 2n;
    for (const [from, count] of [
      [1n + reserved, usable - reserved],
      [1n, reserved],
    ] as const) {
      if (count <= 0n) continue;
      const start = BigInt(Math.floor(Math.random() * Number(count)));
      for (let i = 0n; i < count; i++) {
        const address = toAddress(this.#first + from + ((start + i) % count), this.family);
        if (this.take(address, owner) && this.#taken.get(address) === owner) return address;
      }
    }
    return null;
  }

  release(address: string, owner: string): void {
    if (this.#taken.get(address) === owner) this.#taken.delete(address);
  }
}
