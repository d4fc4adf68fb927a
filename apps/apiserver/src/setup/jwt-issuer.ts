/** What the URL, the authorities and the audiences of an issuer of tokens have to be. */
import { X509Certificate } from 'node:crypto';
import { duplicate, type FieldError, invalid, required } from '@k/apimachinery';

/**
 * What is wrong with the URL of an issuer, or of its discovery document.
 *
 * @param disallowed - Issuers that are the server's own.
 */
export function issuerUrlFaults(url: string, at: string, disallowed: readonly string[] = []): FieldError[] {
  const faults: string[] = [];
  if (disallowed.includes(url)) faults.push(`URL must not overlap with disallowed issuers: [${[...disallowed].sort().join(' ')}]`);
  const [, scheme = ''] = /^([a-z][a-z\d+.-]*):/i.exec(url) ?? [];
  if (scheme.toLowerCase() !== 'https') faults.push('URL scheme must be https');
  if (URL.canParse(url)) {
    const { username, password } = new URL(url);
    if (username !== '' || password !== '') faults.push('URL must not contain a username or password');
  } else if (scheme !== '') faults.push('must be a URL');
  if (/^[^#]*\?[^#]/.test(url)) faults.push('URL must not contain a query');
  if (/#./.test(url)) faults.push('URL must not contain a fragment');
  return faults.map((fault) => invalid(at, url, fault));
}

/** What is wrong with the authorities of an issuer's certificate, PEM. They are not shown. */
export function authorityFaults(pem: string, at: string): FieldError[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  const isGood = (block: string): boolean => {
    try {
      new X509Certificate(block);
      return true;
    } catch {
      return false;
    }
  };
  if (blocks.length > 0 && blocks.every(isGood)) return [];
  return [invalid(at, '<omitted>', 'data does not contain any valid RSA or ECDSA certificates')];
}

/** What is wrong with the audiences of an issuer, and with how they are matched. */
export function audienceFaults(audiences: readonly string[], policy: string, at: string): FieldError[] {
  const field = `${at}.audiences`;
  if (audiences.length === 0) return [required(field, `at least one ${field} is required`)];
  const faults = audiences.flatMap((audience, i) => [
    ...(audience === '' ? [required(`${field}[${i}]`)] : []),
    ...(audiences.indexOf(audience) < i ? [duplicate(`${field}[${i}]`, audience)] : []),
  ]);
  if (audiences.length > 1 && policy !== 'MatchAny') {
    faults.push(invalid(`${at}.audienceMatchPolicy`, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences'));
  }
  if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny') {
    faults.push(invalid(`${at}.audienceMatchPolicy`, policy, 'audienceMatchPolicy must be empty or MatchAny for single audience'));
  }
  return faults;
}
