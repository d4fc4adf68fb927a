/** Which service account tokens a kubelet may ask for: those of pods that run on its node, for audiences that they use. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { podSpec } from '../pod-fields.js';
import { deny } from '../response.js';
import { storedPod } from './pods.js';

type Answer = AdmissionResponse | undefined;
type Dependencies = Pick<AdmissionDependencies, 'objects' | 'authorize'>;
type Fields = Record<string, unknown>;

interface TokenRequestSpec {
  audiences?: string[];
  boundObjectRef?: { apiVersion?: string; kind?: string; name?: string; uid?: string };
}

/** The audiences that a CSI driver asks for on behalf of pods. */
function driverAudiences({ objects }: Dependencies, driver: string): string[] {
  const spec = objects.get('storage.k8s.io', 'csidrivers', '', driver)?.['spec'] as { tokenRequests?: { audience?: string }[] } | undefined;
  return (spec?.tokenRequests ?? []).map(({ audience = '' }) => audience);
}

/** The CSI driver behind a volume of a pod; '' = none. */
async function driverOf({ objects }: Dependencies, namespace: string, pod: KubeObject, volume: Fields): Promise<string> {
  const inline = (volume['csi'] as { driver?: string } | undefined)?.driver;
  if (inline !== undefined) return inline;
  const named = (volume['persistentVolumeClaim'] as { claimName?: string } | undefined)?.claimName;
  const generated = volume['ephemeral'] === undefined ? undefined : `${pod.metadata?.name ?? ''}-${String(volume['name'])}`;
  const claimName = named ?? generated;
  if (claimName === undefined) return '';
  const claim = await objects.getLive('', 'persistentvolumeclaims', namespace, claimName);
  const volumeName = (claim?.['spec'] as { volumeName?: string } | undefined)?.volumeName ?? '';
  if (volumeName === '') return '';
  const persistent = await objects.getLive('', 'persistentvolumes', '', volumeName);
  return (persistent?.['spec'] as { csi?: { driver?: string } } | undefined)?.csi?.driver ?? '';
}

async function usesAudience(dependencies: Dependencies, namespace: string, pod: KubeObject, audience: string): Promise<boolean> {
  const volumes = (podSpec({ ...pod }).volumes ?? []) as Fields[];
  for (const volume of volumes) {
    const sources = (volume['projected'] as { sources?: { serviceAccountToken?: { audience?: string } }[] } | undefined)?.sources ?? [];
    if (sources.some(({ serviceAccountToken }) => serviceAccountToken !== undefined && (serviceAccountToken.audience ?? '') === audience))
      return true;
  }
  for (const volume of volumes) {
    const driver = await driverOf(dependencies, namespace, pod, volume);
    if (driver !== '' && driverAudiences(dependencies, driver).includes(audience)) return true;
  }
  return false;
}

/** Judges a TokenRequest. */
export async function judgeToken(dependencies: Dependencies, request: AdmissionRequest, name: string): Promise<Answer> {
  const { namespace, user } = request;
  const { boundObjectRef: bound, audiences = [] } = (request.object?.['spec'] ?? {}) as TokenRequestSpec;
  if (bound === undefined || bound.apiVersion !== 'v1' || bound.kind !== 'Pod' || (bound.name ?? '') === '') {
    return deny('node requested token not bound to a pod');
  }
  if ((bound.uid ?? '') === '') return deny('node requested token with a pod binding without a uid');
  const pod = await storedPod(dependencies.objects, namespace, bound.name ?? '');
  if (bound.uid !== pod.metadata?.uid) {
    return deny(
      `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (podSpec({ ...pod }).nodeName !== name) return deny('node requested token bound to a pod scheduled on a different node');
  if (audiences.length > 1) return deny('node may only request 0 or 1 audiences');
  const [audience = ''] = audiences;
  if (await usesAudience(dependencies, namespace, pod, audience)) return undefined;
  const { allowed } = await dependencies.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    resource: audience,
    namespace,
    name: request.name,
  });
  return allowed
    ? undefined
    : deny(
        `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.username} is not authorized to request tokens for this audience`,
      );
}
