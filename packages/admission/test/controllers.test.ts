/** Every built-in controller against its table of cases. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_CONTROLLERS, PLUGIN_ORDER } from '../src/index.js';
import { limitRanger } from './cases/limit-ranger.js';
import * as namespaces from './cases/namespaces.js';
import { nodeRestriction } from './cases/node-restriction.js';
import * as others from './cases/other-objects.js';
import * as pods from './cases/pods.js';
import { resourceQuota } from './cases/resource-quota.js';
import { serviceAccount } from './cases/service-accounts.js';
import { at, type Case, run } from './support/run-case.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A real certificate request in the form of `spec.request`. */
async function certificateRequest(name: string): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: ALGORITHM });
  return Buffer.from(request.toString('pem')).toString('base64');
}

const CSRS = 'certificatesigningrequests.certificates.k8s.io';
const csr = (request: string, signerName: string) => ({ metadata: { name: 'r' }, spec: { signerName, request } });
const CLIENT = 'kubernetes.io/kube-apiserver-client';
const KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet';
const masters = await certificateRequest('CN=me,O=system:masters,O=other');
const harmless = await certificateRequest('CN=me,O=team');
const ofNode = await certificateRequest('CN=system:node:n1,O=system:nodes');
const node = { username: 'system:node:n1', groups: ['system:nodes'] };
const MASTERS_DENIED = `${CSRS} "r" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed`;
const NO_PEM = 'PEM block type must be CERTIFICATE REQUEST';

const certificateSubjectRestriction: Case[] = [
  { name: 'system:masters', resource: CSRS, request: { object: csr(masters, CLIENT) }, message: MASTERS_DENIED },
  { name: 'another signer', resource: CSRS, request: { object: csr(masters, 'example.com/s') } },
  { name: 'another group', resource: CSRS, request: { object: csr(harmless, CLIENT) } },
  {
    name: 'no request',
    resource: CSRS,
    request: { object: csr('bm8=', CLIENT) },
    message: `${CSRS} "r" is forbidden: failed to parse CSR: ${NO_PEM}`,
  },
];
const nodeCertificates: Case[] = [
  { name: 'its own certificate', resource: CSRS, request: { user: node, object: csr(ofNode, KUBELET) } },
  {
    name: 'a certificate for another',
    resource: CSRS,
    request: { user: node, object: csr(harmless, KUBELET) },
    message: `${CSRS} "r" is forbidden: can only create a node CSR with CN=system:node:n1`,
  },
  {
    name: 'garbage',
    resource: CSRS,
    request: { user: node, object: csr('', KUBELET) },
    message: `${CSRS} "r" is forbidden: unable to parse csr: ${NO_PEM}`,
  },
];

const TABLES: Readonly<Record<string, readonly Case[]>> = {
  AlwaysAdmit: others.alwaysAdmit,
  NamespaceAutoProvision: namespaces.namespaceAutoProvision,
  NamespaceLifecycle: namespaces.namespaceLifecycle,
  NamespaceExists: namespaces.namespaceExists,
  LimitPodHardAntiAffinityTopology: pods.limitPodHardAntiAffinityTopology,
  LimitRanger: limitRanger,
  ServiceAccount: serviceAccount,
  NodeRestriction: [...nodeRestriction, ...nodeCertificates],
  TaintNodesByCondition: others.taintNodesByCondition,
  AlwaysPullImages: pods.alwaysPullImages,
  PodNodeSelector: namespaces.podNodeSelector,
  Priority: pods.priority,
  DefaultTolerationSeconds: pods.defaultTolerationSeconds,
  PodTolerationRestriction: namespaces.podTolerationRestriction,
  EventRateLimit: others.eventRateLimit,
  ExtendedResourceToleration: pods.extendedResourceToleration,
  DefaultStorageClass: others.defaultStorageClass,
  StorageObjectInUseProtection: others.storageObjectInUseProtection,
  OwnerReferencesPermissionEnforcement: others.ownerReferencesPermissionEnforcement,
  PersistentVolumeClaimResize: others.persistentVolumeClaimResize,
  RuntimeClass: pods.runtimeClass,
  CertificateApproval: others.certificateApproval,
  CertificateSigning: others.certificateSigning,
  ClusterTrustBundleAttest: others.clusterTrustBundleAttest,
  CertificateSubjectRestriction: certificateSubjectRestriction,
  DefaultIngressClass: others.defaultIngressClass,
  DenyServiceExternalIPs: others.denyServiceExternalIps,
  PodTopologyLabels: pods.podTopologyLabels,
  ResourceQuota: resourceQuota,
  AlwaysDeny: others.alwaysDeny,
};

/** Tested in a file of their own. */
const ELSEWHERE = [
  'PodSecurity',
  'MutatingAdmissionPolicy',
  'ValidatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionWebhook',
];

it('has cases for exactly the controllers that there are', () => {
  expect(Object.keys(TABLES).sort()).toEqual(BUILT_IN_CONTROLLERS.filter((name) => !ELSEWHERE.includes(name)).sort());
  expect(BUILT_IN_CONTROLLERS.filter((name) => !PLUGIN_ORDER.includes(name))).toEqual([]);
});

describe.each(Object.entries(TABLES))('%s', (controller, cases) => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    const before = structuredClone(one.request.object ?? null);
    const outcome = await run(controller, one);
    expect(outcome.allowed ? undefined : outcome.error.message).toBe(one.message);
    if (!outcome.allowed) expect(outcome.code).toBe(one.code ?? 403);
    else for (const [path, value] of Object.entries(one.object ?? {})) expect([path, at(outcome.object, path)]).toEqual([path, value]);
    expect(one.request.object ?? null).toEqual(before);
  });
});
