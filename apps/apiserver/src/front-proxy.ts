/** The certificate by which servers behind this one know it, where no flag names one. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCa, createLeaf, isUsable, type KeyAndCertificate } from './certificates.js';

/** The common name of the certificate. */
export const FRONT_PROXY_CLIENT = 'front-proxy-client';
const FOLDER = 'front-proxy';

/** A client's certificate and the CA that it is checked with, PEM. */
export interface FrontProxy {
  ca: string;
  client: KeyAndCertificate;
}

/**
 * Reads the certificate of a folder, making it when it is missing or about to expire. The authority issues this one alone:
 * its key is not kept. Servers that share the folder and start side by side use the one that came first.
 */
export async function ensureFrontProxy(dir: string): Promise<FrontProxy> {
  const folder = join(dir, FOLDER);
  const present = read(folder);
  if (present !== null && isUsable(present.client, present.ca, [])) return present;
  const ca = await createCa('k-front-proxy-ca');
  const client = await createLeaf(ca, `CN=${FRONT_PROXY_CLIENT}`, 'clientAuth', []);
  const draft = `${folder}.${randomUUID()}`;
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  writeFileSync(join(draft, 'ca.crt'), ca.cert);
  writeFileSync(join(draft, 'client.crt'), client.cert);
  writeFileSync(join(draft, 'client.key'), client.key, { mode: 0o600 });
  if (present !== null) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true });
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return read(folder) as FrontProxy;
}

function read(folder: string): FrontProxy | null {
  if (!existsSync(folder)) return null;
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { ca: file('ca.crt'), client: { cert: file('client.crt'), key: file('client.key') } };
}
