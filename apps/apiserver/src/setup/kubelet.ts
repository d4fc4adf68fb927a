/** How kubelets are reached, as the flags say. */
import { X509Certificate } from 'node:crypto';
import type { ServerOptions } from '@k/apiserver';
import type { KeyAndCertificate } from '../certificates.js';
import type { Flags } from '../flags/command-line.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';
import { followCertificate } from './followed-certificate.js';

/**
 * Checks the flags of kubelets.
 *
 * @param certDir - Where the CA lies that issues this server's certificate, with the first connection, when flags name none.
 * @throws {@link FlagError}
 */
export function setUpKubelet(flags: Flags, certDir: string): NonNullable<ServerOptions['kubelet']> {
  const given = followCertificate(flags, { cert: 'kubelet-client-certificate', key: 'kubelet-client-key' });
  const ca = readFlagFile(flags, 'kubelet-certificate-authority');
  if (ca !== undefined) forFlag('kubelet-certificate-authority', () => new X509Certificate(ca));
  return {
    clientCertificate: given ?? ownCertificate(certDir),
    ...(ca === undefined ? {} : { certificateAuthority: ca }),
    timeoutMs: flags.number('kubelet-timeout'),
    preferredAddressTypes: flags.list('kubelet-preferred-address-types'),
    port: flags.number('kubelet-port'),
  };
}

/** Made when it is first needed, and again before it expires. It is not kept on disk: making one takes a moment. */
function ownCertificate(certDir: string): () => Promise<KeyAndCertificate> {
  let current: Promise<{ pair: KeyAndCertificate; renewAtMs: number }> | undefined;
  const make = async (): Promise<NonNullable<Awaited<typeof current>>> => {
    const { createKubeletClient } = await import('../certificates.js');
    const pair = await createKubeletClient(certDir);
    const { validFrom, validTo } = new X509Certificate(pair.cert);
    return { pair, renewAtMs: (Date.parse(validFrom) + Date.parse(validTo)) / 2 };
  };
  return async () => {
    if (current !== undefined && (await current).renewAtMs < Date.now()) current = undefined;
    current ??= make();
    current.catch(() => {
      current = undefined;
    });
    return (await current).pair;
  };
}
