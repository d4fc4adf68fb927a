/** Where a request comes from, by its own account and by its connection. */
import { isIP, isIPv4 } from 'node:net';

/** Header names in lower case, as node:http gives them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The address in the form in which Go prints it, or null: zeros in front are let through, zones are not. */
function canonicalIp(given: string): string | null {
  // What sockets say is in this form already.
  const plain = given.startsWith('::ffff:') ? given.slice(7) : given;
  if (isIPv4(plain)) return plain;
  const text = given.trim().replace(/^::ffff:(?=\d+\.)/i, '');
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const bytes = text.split('.').map(Number);
    return bytes.every((byte) => byte < 256) ? bytes.join('.') : null;
  }
  if (isIP(text) !== 6 || text.includes('%')) return null;
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] as string, 16), Number.parseInt(mapped[2] as string, 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** Valid addresses that a request claims or has: `X-Forwarded-For`, `X-Real-Ip`, the connection. What clients claim is theirs to invent. */
export function sourceIps(headers: RequestHeaders, remoteAddress: string | undefined): string[] {
  const forwarded = headers['x-forwarded-for'];
  const real = headers['x-real-ip'];
  const out: string[] = [];
  if (forwarded !== undefined) {
    const text = typeof forwarded === 'string' ? forwarded : forwarded.join(',');
    for (const part of text.split(',')) {
      const ip = canonicalIp(part);
      if (ip !== null) out.push(ip);
    }
  }
  if (real !== undefined) {
    const ip = canonicalIp(typeof real === 'string' ? real : (real[0] ?? ''));
    if (ip !== null && !out.includes(ip)) out.push(ip);
  }
  const remote = remoteAddress === undefined ? null : canonicalIp(remoteAddress);
  if (remote !== null && out.at(-1) !== remote) out.push(remote);
  return out;
}
