import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { KeyAndCertificate } from '../certificates.js';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';

/**
 * The pair that two flags name. It is read anew each time: it may be renewed; what cannot be used meanwhile is passed over.
 *
 * @returns Undefined when neither flag is given.
 * @throws {@link FlagError}
 */
export function followCertificate(flags: Flags, names: { cert: string; key: string }): (() => Promise<KeyAndCertificate>) | undefined {
  const [certFile, keyFile] = [flags.optional(names.cert), flags.optional(names.key)];
  const cert = readFlagFile(flags, names.cert);
  const key = readFlagFile(flags, names.key);
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined || cert === undefined || key === undefined) {
    throw new FlagError(`--${names.cert} and --${names.key} must be given together`);
  }
  let last = { cert, key };
  forFlag(names.cert, () => createSecureContext({ cert }));
  forFlag(names.key, () => createSecureContext(last));
  return async () => {
    try {
      const [newCert, newKey] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
      if (newCert === last.cert && newKey === last.key) return last;
      const next = { cert: newCert, key: newKey };
      createSecureContext(next);
      last = next;
    } catch {
      // Between the writes of two files they do not fit.
    }
    return last;
  };
}
