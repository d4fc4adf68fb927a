/**
 * Microseconds for a pod as a cluster has it, from its JSON to protobuf and back. What JSON itself takes stands beside it.
 *
 * `npx tsx --conditions=@k/source bench/protobuf.bench.ts`
 */
import assert from 'node:assert/strict';
import { type KubeObject, parseExactJson } from '@k/apimachinery';
import { decodeProtobuf, encodeProtobuf, readProtobufEnvelope } from '../src/protobuf/index.js';
import { schemaOf } from '../src/schemas/notation.js';

const ROUNDS = 200;
const TURNS = 200;

const managed = (manager: string) => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-05-01T10:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {} } } } },
});
const container = (name: string) => ({
  name,
  image: 'registry.example.com/team/app:v1.2.3',
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  env: [{ name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } }],
  resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
  volumeMounts: [{ name: 'token', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
  livenessProbe: { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10 },
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
});
const pod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    name: 'web-6d4b75cb6d-x2v7p',
    namespace: 'default',
    uid: '7c0e4c5a-1111-4222-8333-00000000abcd',
    creationTimestamp: '2026-05-01T10:00:00Z',
    labels: { app: 'web', 'pod-template-hash': '6d4b75cb6d' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-6d4b75cb6d', uid: 'b3b1c7b0', controller: true }],
    managedFields: [managed('kube-controller-manager'), managed('kubelet')],
  },
  spec: {
    volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }], defaultMode: 420 } }],
    containers: [container('app'), container('sidecar')],
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    nodeName: 'node-1',
    tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
  },
  status: {
    phase: 'Running',
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: '2026-05-01T10:00:05Z',
    })),
    podIPs: [{ ip: '10.2.0.7' }],
  },
};

const json = Buffer.from(JSON.stringify(pod));
const encoded = encodeProtobuf(pod as KubeObject) as Buffer;
const schema = schemaOf('core.v1/Pod');
const decode = (): KubeObject => decodeProtobuf(readProtobufEnvelope(encoded).raw, schema);
assert.deepEqual({ kind: 'Pod', apiVersion: 'v1', ...decode() }, pod);

/** The best of many short rounds, as other work on the machine disturbs long ones. */
function microsOf(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let turn = 0; turn < TURNS; turn++) work();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / TURNS / 1000);
  }
  return best;
}

const figures: readonly (readonly [name: string, work: () => unknown])[] = [
  ['JSON.parse', () => JSON.parse(json.toString('utf8'))],
  ['JSON.parse and JSON.stringify', () => Buffer.from(JSON.stringify(JSON.parse(json.toString('utf8'))))],
  ['object to protobuf', () => encodeProtobuf(pod as KubeObject)],
  ['JSON to protobuf', () => encodeProtobuf(parseExactJson(json.toString('utf8')) as KubeObject)],
  ['protobuf to object', decode],
];
console.log(`a pod of ${json.length} bytes of JSON, ${encoded.length} bytes of protobuf`);
for (const [name, work] of figures) console.log(`${name.padEnd(30)} ${microsOf(work).toFixed(1).padStart(6)} µs`);
