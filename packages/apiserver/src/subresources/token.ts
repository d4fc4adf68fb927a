/** `serviceaccounts/token`: issues a signed, expiring token for an account, perhaps bound to an object. */
import { invalid, type KubeObject, newBadRequest, newConflict, newInvalid, newNotFound } from '@k/apimachinery';
import type { BoundObject, ServiceAccountIssuer } from '@k/auth';
import { sendKubeObject } from '../rest/render.js';
import { timestamp } from '../rest/write-object.js';
import { decodeReview } from '../reviews/decode-review.js';
import type { ResourceHandler, ServerContext } from '../server-context.js';

const SECONDS_MIN = 600;
const SECONDS_MAX = 2 ** 32;
const SECONDS_DEFAULT = 3600;
/** What kubelets ask for; such tokens live longer and warn after the hour, so that old clients keep working. */
const KUBELET_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

interface TokenRequestSpec {
  audiences?: string[];
  expirationSeconds?: number;
  boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string } | null;
}

interface Bound {
  pod?: BoundObject;
  secret?: BoundObject;
  node?: { name: string; uid?: string };
}

function checkSeconds(seconds: number): void {
  const group = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
  const refuse = (text: string): Error => newInvalid(group, '', [invalid('spec.expirationSeconds', seconds, text)]);
  if (seconds < SECONDS_MIN) throw refuse('may not specify a duration less than 10 minutes');
  if (seconds > SECONDS_MAX) throw refuse('may not specify a duration larger than 2^32 seconds');
}

async function boundTo(server: ServerContext, namespace: string, account: string, ref: TokenRequestSpec['boundObjectRef']): Promise<Bound> {
  if (ref === undefined || ref === null) return {};
  const { kind = '', apiVersion = '', name = '' } = ref;
  const find = async (resource: string, inNamespace: string): Promise<BoundObject> => {
    const object = await server.client.get('', resource, inNamespace, name);
    if (object === null) throw newNotFound({ group: '', resource }, name);
    if (resource === 'pods') {
      const own = (object['spec'] as { serviceAccountName?: string } | undefined)?.serviceAccountName;
      if (own !== account) {
        throw newBadRequest(
          `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
        );
      }
    }
    const uid = object.metadata?.uid ?? '';
    if (ref.uid !== undefined && ref.uid !== '' && ref.uid !== uid) {
      throw newConflict(
        { group: '', resource: kind },
        name,
        `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    return { name, uid };
  };
  // The version of the reference is not looked at.
  const isCore = !apiVersion.includes('/');
  if (isCore && kind === 'Pod') {
    const pod = await find('pods', namespace);
    const object = await server.client.get('', 'pods', namespace, name);
    const nodeName = (object?.['spec'] as { nodeName?: string } | undefined)?.nodeName ?? '';
    if (nodeName === '') return { pod };
    const node = await server.client.get('', 'nodes', '', nodeName);
    return { pod, node: { name: nodeName, ...(node?.metadata?.uid === undefined ? {} : { uid: node.metadata.uid }) } };
  }
  if (isCore && kind === 'Secret') return { secret: await find('secrets', namespace) };
  if (isCore && kind === 'Node') return { node: await find('nodes', '') };
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? `/${apiVersion}` : apiVersion;
  throw newBadRequest(`cannot bind token to object of type ${group}, Kind=${kind}`);
}

/** POST serviceaccounts/NAME/token. */
export function tokenHandler(issuer: ServiceAccountIssuer): ResourceHandler {
  return async (server, context, scope) => {
    const request = await decodeReview(server, context, scope);
    const account = await server.client.get('', 'serviceaccounts', scope.namespace, scope.name);
    if (account === null) throw newNotFound({ group: '', resource: 'serviceaccounts' }, scope.name);
    const metadata = (request.metadata ??= {});
    const mismatch = (field: 'name' | 'namespace', expected: string): void => {
      const given = metadata[field];
      if (given === undefined || given === '' || given === expected) return;
      throw newInvalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, scope.name, [
        invalid(`metadata.${field}`, given, `must match the service account ${field} if specified`),
      ]);
    };
    mismatch('name', scope.name);
    mismatch('namespace', scope.namespace);
    const accountUid = account.metadata?.uid ?? '';
    if (metadata.uid !== undefined && metadata.uid !== '' && metadata.uid !== accountUid) {
      throw newConflict(
        { group: 'authentication.k8s.io', resource: 'TokenRequest' },
        scope.name,
        `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${accountUid})`,
      );
    }
    const spec = ((request['spec'] as TokenRequestSpec | undefined) ??= {}) as TokenRequestSpec;
    const seconds = spec.expirationSeconds ?? SECONDS_DEFAULT;
    checkSeconds(seconds);
    const audiences = spec.audiences !== undefined && spec.audiences.length > 0 ? spec.audiences : [...issuer.audiences];
    const bound = await boundTo(server, scope.namespace, scope.name, spec.boundObjectRef);
    const isExtended = bound.pod !== undefined && seconds === KUBELET_SECONDS && spec.audiences === undefined;
    const { token, expiresAt, tokenId } = await issuer.issue({
      namespace: scope.namespace,
      name: scope.name,
      uid: accountUid,
      audiences,
      expirationSeconds: isExtended ? EXTENDED_SECONDS : seconds,
      bound,
      ...(isExtended ? { warnAfterSeconds: seconds } : {}),
    });
    context.audit?.addAnnotation('authentication.kubernetes.io/issued-credential-id', `JTI=${tokenId}`);
    const answer: KubeObject = {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {
        name: scope.name,
        namespace: scope.namespace,
        uid: accountUid,
        creationTimestamp: timestamp(server.now()),
      },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: { token, expirationTimestamp: timestamp((isExtended ? server.now() / 1000 + seconds : expiresAt) * 1000) },
    };
    await sendKubeObject(context, scope, 201, answer);
  };
}
