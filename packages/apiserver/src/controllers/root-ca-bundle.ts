import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function isAlive(pem: string, nowMs: number): boolean {
  try {
    return Date.parse(new X509Certificate(pem).validTo) > nowMs;
  } catch {
    return false;
  }
}

/**
 * A bundle that holds a server's root CA as well: servers on one store may have been given different ones, and each would
 * otherwise overwrite the others'. Certificates that have expired are left out.
 *
 * @returns Null when the bundle holds it already.
 */
export function withRootCa(bundle: string, rootCa: string, nowMs: number): string | null {
  if (bundle.includes(rootCa.trim())) return null;
  const others = (bundle.match(CERTIFICATE) ?? []).filter((pem) => isAlive(pem, nowMs));
  return `${others.map((pem) => `${pem}\n`).join('')}${rootCa}`;
}
