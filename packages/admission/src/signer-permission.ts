import type { AdmissionUser, AuthorizeFunction } from './interface.js';

/** Whether a user may do this with certificates of a signer, or of every signer of its domain. */
export async function isAllowedForSigner(
  authorize: AuthorizeFunction,
  { user, verb, signerName }: { user: AdmissionUser; verb: string; signerName: string },
): Promise<boolean> {
  const ask = async (name: string): Promise<boolean> =>
    (await authorize({ user, verb, group: 'certificates.k8s.io', version: '*', resource: 'signers', name })).allowed;
  return (await ask(signerName)) || ask(`${signerName.split('/')[0] ?? ''}/*`);
}
