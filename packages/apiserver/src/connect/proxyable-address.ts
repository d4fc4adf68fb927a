/** Which addresses proxies may lead to: none of the machine that this server runs on, nor of its own link. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { describeFault, newBadRequest } from '@k/apimachinery';

const NOT_UNICAST = new BlockList();
for (const [network, prefix, family] of [
  ['0.0.0.0', 32, 'ipv4'],
  ['255.255.255.255', 32, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['::1', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
] as const) {
  NOT_UNICAST.addSubnet(network, prefix, family);
}

/** Whether an address is global unicast, which private ones are too; false for what is no IP address. */
export function isGlobalUnicast(ip: string): boolean {
  const version = isIP(ip);
  return version !== 0 && !NOT_UNICAST.check(ip, version === 4 ? 'ipv4' : 'ipv6');
}

/** @throws 400 for a host that has no address, or one that proxies must not lead to. */
export async function checkProxyable(host: string): Promise<void> {
  const found = await lookup(host, { all: true }).catch((error: unknown) => {
    throw newBadRequest(describeFault(error).replace(/^dial tcp: /, ''));
  });
  if (!found.every(({ address }) => isGlobalUnicast(address))) throw newBadRequest('address not allowed');
}
