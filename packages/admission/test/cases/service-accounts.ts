import type { Case } from '../support/run-case.js';
import { pod } from './pods.js';

const pods = (request: Case['request']): Pick<Case, 'resource' | 'request'> => ({ resource: 'pods', request });
const mount = (name: string) => ({ name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' });
const accounts = {
  serviceaccounts: [
    { metadata: { name: 'default', namespace: 'ns' } },
    { metadata: { name: 'off', namespace: 'ns' }, automountServiceAccountToken: false, imagePullSecrets: [{ name: 'reg' }] },
    {
      metadata: { name: 'strict', namespace: 'ns', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
      secrets: [{ name: 'known' }],
      automountServiceAccountToken: false,
    },
  ],
};
const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
const strict = (name: string, spec: object, text: string): Case => ({
  name,
  objects: accounts,
  ...pods({ object: pod({ serviceAccountName: 'strict', ...spec }) }),
  message: `pods "p" is forbidden: ${text}`,
});

export const serviceAccount: Case[] = [
  {
    name: 'the default account; a token volume of its own is used',
    objects: accounts,
    ...pods({ object: pod({ volumes: [{ name: 'kube-api-access-mine', emptyDir: {} }] }) }),
    object: {
      'spec.serviceAccountName': 'default',
      'spec.serviceAccount': 'default',
      'spec.containers.0.volumeMounts': [mount('kube-api-access-mine')],
    },
  },
  {
    name: 'no token, but pull secrets',
    objects: accounts,
    ...pods({ object: pod({ serviceAccountName: 'off' }) }),
    object: { 'spec.volumes': undefined, 'spec.imagePullSecrets': [{ name: 'reg' }] },
  },
  {
    name: 'no such account',
    objects: accounts,
    ...pods({ object: pod({ serviceAccountName: 'ghost' }) }),
    message: 'pods "p" is forbidden: error looking up service account ns/ghost: serviceaccount "ghost" not found',
  },
  { name: 'a mirror pod', ...pods({ object: pod({}, mirror) }), object: { 'spec.serviceAccountName': undefined } },
  {
    name: 'a mirror pod with an account',
    ...pods({ object: pod({ serviceAccountName: 'default' }, mirror) }),
    message: 'pods "p" is forbidden: a mirror pod may not reference service accounts',
  },
  ...[
    { volumes: [{ name: 'v', secret: { secretName: 's' } }] },
    { volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 's' } }] } }] },
    { imagePullSecrets: [{ name: 's' }] },
    { containers: [{ name: 'c', envFrom: [{ secretRef: { name: 's' } }] }] },
    { volumes: [{ name: 'v', rbd: { secretRef: { name: 's' } } }] },
  ].map((spec, i) => ({
    name: `a mirror pod with secrets ${i}`,
    ...pods({ object: pod(spec, mirror) }),
    message: 'pods "p" is forbidden: a mirror pod may not reference secrets',
  })),
  {
    name: 'a mirror pod with a token',
    ...pods({ object: pod({ volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] }, mirror) }),
    message: 'pods "p" is forbidden: a mirror pod may not use ServiceAccountToken volume projections',
  },
  {
    name: 'a listed secret',
    objects: accounts,
    ...pods({ object: pod({ serviceAccountName: 'strict', volumes: [{ name: 'v', secret: { secretName: 'known' } }] }) }),
  },
  strict(
    'an unlisted volume',
    { volumes: [{ name: 'v', secret: { secretName: 'x' } }] },
    'volume with secret.secretName="x" is not allowed because service account strict does not reference that secret',
  ),
  strict(
    'an unlisted variable',
    { initContainers: [{ name: 'i', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'x' } } }] }] },
    'init container i with envVar E referencing secret.secretName="x" is not allowed because service account strict does not reference that secret',
  ),
  strict(
    'an unlisted environment',
    { containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'x' } }] }] },
    'container c with envFrom referencing secret.secretName="x" is not allowed because service account strict does not reference that secret',
  ),
  strict(
    'an unlisted pull secret',
    { imagePullSecrets: [{ name: 'x' }] },
    'imagePullSecrets[0].name="x" is not allowed because service account strict does not reference that imagePullSecret',
  ),
  {
    name: 'an ephemeral container',
    objects: accounts,
    ...pods({
      operation: 'UPDATE',
      subresource: 'ephemeralcontainers',
      oldObject: pod(),
      object: pod({ serviceAccountName: 'strict', ephemeralContainers: [{ name: 'e', envFrom: [{ secretRef: { name: 'x' } }] }] }),
    }),
    message:
      'ephemeral container e with envFrom referencing secret.secretName="x" is not allowed because service account strict does not reference that secret',
    code: 500,
  },
];
