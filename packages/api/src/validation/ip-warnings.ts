/** Addresses and networks that are accepted today in a form that will not be. */
import { canonicalCidr, canonicalIp, parseCidr, parseIp } from './ip-address.js';

const PLAIN_IPV4 = /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){3}$/;
const isPlain = (text: string): boolean => (text.includes(':') ? parseIp(text)?.family === 6 : PLAIN_IPV4.test(text));

/** Warnings about one address; none when it is no address at all. */
export function ipWarnings(text: string, at: string): string[] {
  if (parseIp(text) === null) return [];
  const canonical = canonicalIp(text);
  if (!isPlain(text)) {
    return [
      `${at}: non-standard IP address ${JSON.stringify(text)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical)}`,
    ];
  }
  if (!text.includes(':') || canonical === text) return [];
  return [`${at}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`];
}

/** Warnings about one network; none when it is no network at all. */
export function cidrWarnings(text: string, at: string): string[] {
  const network = parseCidr(text);
  if (network === null) return [];
  const [address = '', bits = ''] = text.split('/');
  const canonical = canonicalCidr(network);
  const shown = JSON.stringify(text);
  const out: string[] = [];
  if (network.address !== network.value) {
    const single = `${canonicalIp(address)}/${network.family === 4 ? 32 : 128}`;
    out.push(
      `${at}: CIDR value ${shown} is ambiguous in this context (should be ${JSON.stringify(canonical)} or ${JSON.stringify(single)}?)`,
    );
  }
  if (!isPlain(address) || /^0\d/.test(bits)) {
    out.push(
      `${at}: non-standard CIDR value ${shown} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical)}`,
    );
  } else if (out.length === 0 && network.family === 6 && canonical !== text) {
    out.push(`${at}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`);
  }
  return out;
}
