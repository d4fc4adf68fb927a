import type { KubernetesClaim } from '@k/auth';
import type { InformerSet } from './informer-set.js';

/** Whether the objects that a service account token names are still the ones it was issued for. */
export function boundObjectCheck(informers: InformerSet): (claim: KubernetesClaim) => Promise<void> {
  return async (claim) => {
    const { namespace, serviceaccount, pod, secret, node } = claim;
    const uidOf = async (resource: string, inNamespace: string, name: string): Promise<string | undefined> => {
      const { deletionTimestamp, uid } = (await informers.identity('', resource, inNamespace, name)) ?? {};
      // An object that is going is as good as gone once its grace period is over.
      return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < Date.now() - 60_000 ? undefined : uid;
    };
    if ((await uidOf('serviceaccounts', namespace, serviceaccount.name)) !== serviceaccount.uid) {
      throw new Error('service account UID does not match claim, or the account is gone');
    }
    if (pod !== undefined) {
      if ((await uidOf('pods', namespace, pod.name)) !== pod.uid) throw new Error('pod has been deleted, or is another one');
    }
    if (secret !== undefined) {
      const uid = await uidOf('secrets', namespace, secret.name);
      if (uid === undefined || (claim.legacy !== true && uid !== secret.uid)) throw new Error('secret has been deleted, or is another one');
    }
    if (node?.uid !== undefined && pod === undefined) {
      if ((await uidOf('nodes', '', node.name)) !== node.uid) throw new Error('node has been deleted, or is another one');
    }
  };
}
