/** Every flag of the server, in kube-apiserver's groups and under its names; what is ours alone stands in the last groups. */
import { AGGREGATION_FLAGS, REQUEST_HEADER_FLAGS } from './aggregation-flags.js';
import type { Flag, FlagGroup } from './flag.js';
import { KUBELET_FLAGS } from './kubelet-flags.js';
import { AUTHENTICATION_CONFIG_FLAG, OIDC_FLAGS } from './oidc-flags.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const AUDIT_MODES = ['batch', 'blocking', 'blocking-strict'] as const;

function auditFlags(sink: 'log' | 'webhook'): Flag[] {
  const isLog = sink === 'log';
  const flag = (name: string, rest: Omit<Flag, 'name'>): Flag => ({ name: `audit-${sink}-${name}`, ...rest });
  return [
    flag('mode', {
      kind: 'string',
      choices: AUDIT_MODES,
      default: isLog ? 'blocking' : 'batch',
      help: 'When events are handed to the backend.',
    }),
    flag('batch-buffer-size', { kind: 'int', default: 10_000, help: 'Events held before more are dropped. Only in batch mode.' }),
    flag('batch-max-size', { kind: 'int', default: isLog ? 1 : 400, help: 'Events in one batch. Only in batch mode.' }),
    flag('batch-max-wait', {
      kind: 'duration',
      default: isLog ? 0 : 30 * SECOND,
      help: 'Time that a batch waits to fill. Only in batch mode.',
    }),
    flag('batch-throttle-enable', { kind: 'bool', default: !isLog, help: 'Limits the number of batches per second. Only in batch mode.' }),
    flag('batch-throttle-qps', { kind: 'float', default: isLog ? 0 : 10, help: 'Batches per second on average. Only in batch mode.' }),
    flag('batch-throttle-burst', {
      kind: 'int',
      default: isLog ? 0 : 15,
      help: 'Batches that may be sent at once after a pause. Only in batch mode.',
    }),
    flag('truncate-enabled', { kind: 'bool', default: false, help: 'Drops the bodies of events that are too large.' }),
    flag('truncate-max-event-size', { kind: 'int', default: 102_400, help: 'Bytes of an event above which its bodies are dropped.' }),
    flag('truncate-max-batch-size', { kind: 'int', default: 10_485_760, help: 'Bytes of a batch above which it is split.' }),
    flag('version', { kind: 'string', choices: ['audit.k8s.io/v1'], default: 'audit.k8s.io/v1', help: 'API version of the events.' }),
  ];
}

/** The flags, group by group. */
export const FLAG_GROUPS: readonly FlagGroup[] = [
  {
    title: 'Generic flags',
    flags: [
      {
        name: 'advertise-address',
        kind: 'string',
        help: 'IP address under which members of the cluster find this server. Default: the bind address, or that of the first network interface.',
      },
      {
        name: 'feature-gates',
        kind: 'strings',
        help: 'Features as NAME=true or NAME=false. KMSv1=true allows the deprecated KMS v1; all others are as in Kubernetes by default.',
      },
      {
        name: 'external-hostname',
        kind: 'string',
        help: 'Host name for the URLs that the server gives out, e.g. in the OpenID discovery document.',
      },
      {
        name: 'enable-priority-and-fairness',
        kind: 'bool',
        default: true,
        help: 'Lets requests wait for their turn by FlowSchemas and PriorityLevelConfigurations, in place of two plain limits.',
      },
      {
        name: 'max-mutating-requests-inflight',
        kind: 'int',
        min: 0,
        default: 200,
        help: 'Writes served at once. With priority and fairness its sum with --max-requests-inflight is what the priority levels share; without, more are answered 429, and 0 = no limit.',
      },
      {
        name: 'max-requests-inflight',
        kind: 'int',
        min: 0,
        default: 400,
        help: 'Reads served at once; see --max-mutating-requests-inflight.',
      },
      {
        name: 'request-timeout',
        kind: 'duration',
        min: SECOND,
        default: MINUTE,
        help: 'Time after which a request other than a watch is answered 504.',
      },
      {
        name: 'shutdown-delay-duration',
        kind: 'duration',
        min: 0,
        default: 0,
        help: 'Time that the server goes on serving, reporting not ready, after it was asked to stop.',
      },
    ],
  },
  {
    title: 'Etcd flags',
    flags: [
      {
        name: 'etcd-servers',
        kind: 'strings',
        help: 'etcd endpoints, scheme://host:port, comma separated. Absent: the embedded store in --data-dir is used.',
      },
      { name: 'etcd-prefix', kind: 'string', default: '/registry', help: 'Prefix of every key.' },
      { name: 'etcd-cafile', kind: 'file', help: 'CA that the certificates of etcd are checked with.' },
      { name: 'etcd-certfile', kind: 'file', help: 'Client certificate for etcd.' },
      { name: 'etcd-keyfile', kind: 'file', help: 'Key of the client certificate for etcd.' },
      {
        name: 'etcd-compaction-interval',
        kind: 'duration',
        min: 0,
        default: 5 * MINUTE,
        help: 'Time between compactions of old revisions, in etcd and in the embedded store. 0 = never.',
      },
      {
        name: 'etcd-healthcheck-timeout',
        kind: 'duration',
        min: 0,
        default: 2 * SECOND,
        help: 'Time that a health check of the store may take.',
      },
      { name: 'encryption-provider-config', kind: 'file', help: 'EncryptionConfiguration: how resources are encrypted in the store.' },
      {
        name: 'encryption-provider-config-automatic-reload',
        kind: 'bool',
        default: false,
        help: 'Takes changes of --encryption-provider-config while running.',
      },
      { name: 'event-ttl', kind: 'duration', min: SECOND, default: HOUR, help: 'Time that events are kept.' },
      {
        name: 'storage-backend',
        kind: 'string',
        choices: ['etcd3', ''],
        default: '',
        help: 'Protocol of the store behind --etcd-servers.',
      },
      {
        name: 'storage-media-type',
        kind: 'string',
        choices: ['application/json'],
        default: 'application/json',
        help: 'How objects are stored; a kube-apiserver on the same etcd reads them.',
      },
      { name: 'watch-cache', kind: 'bool', default: true, help: 'Serves reads and watches from memory.' },
    ],
  },
  {
    title: 'Secure serving flags',
    flags: [
      {
        name: 'bind-address',
        kind: 'string',
        default: '127.0.0.1',
        help: 'IP address to listen on, or IP:PORT. 0.0.0.0 or :: = every interface.',
      },
      { name: 'secure-port', kind: 'int', min: 0, max: 65_535, default: 6443, help: 'HTTPS port; 0 = any free one.' },
      {
        name: 'cert-dir',
        kind: 'string',
        help: 'Folder of the certificates that the server makes for itself. Default: certs in --data-dir.',
      },
      { name: 'tls-cert-file', kind: 'file', help: 'Serving certificate, PEM, with its chain. Default: one made in --cert-dir.' },
      { name: 'tls-private-key-file', kind: 'file', help: 'Key of --tls-cert-file.' },
      {
        name: 'tls-min-version',
        kind: 'string',
        choices: ['VersionTLS12', 'VersionTLS13', ''],
        default: '',
        help: 'Oldest TLS version that is accepted. Default: TLS 1.2.',
      },
      { name: 'tls', kind: 'bool', default: true, help: 'Serves HTTPS, which is all that this server does.' },
      { name: 'tls-self-signed', kind: 'bool', default: true, help: 'Makes the serving certificate when --tls-cert-file is not given.' },
    ],
  },
  {
    title: 'Auditing flags',
    flags: [
      { name: 'audit-policy-file', kind: 'file', help: 'audit.k8s.io/v1 Policy: what is logged. Absent: nothing is.' },
      { name: 'audit-log-path', kind: 'string', help: 'File that events are written to; - = standard output.' },
      { name: 'audit-log-maxsize', kind: 'int', default: 100, help: 'Megabytes of the file before it is rotated; 0 = never.' },
      { name: 'audit-log-maxage', kind: 'int', default: 366, help: 'Days that rotated files are kept; 0 = for ever.' },
      { name: 'audit-log-maxbackup', kind: 'int', default: 100, help: 'Rotated files that are kept; 0 = all.' },
      { name: 'audit-log-compress', kind: 'bool', default: false, help: 'Compresses rotated files with gzip.' },
      {
        name: 'audit-log-format',
        kind: 'string',
        choices: ['json', 'legacy'],
        default: 'json',
        help: 'How an event is written as a line.',
      },
      ...auditFlags('log'),
      { name: 'audit-webhook-config-file', kind: 'file', help: 'kubeconfig of the webhook that events are sent to.' },
      {
        name: 'audit-webhook-initial-backoff',
        kind: 'duration',
        min: 0,
        default: 10 * SECOND,
        help: 'Pause before the first retry of the webhook.',
      },
      {
        name: 'audit-webhook-batch-initial-backoff',
        kind: 'duration',
        min: 0,
        default: 10 * SECOND,
        help: 'Older name of --audit-webhook-initial-backoff.',
      },
      ...auditFlags('webhook'),
    ],
  },
  {
    title: 'Authentication flags',
    flags: [
      { name: 'anonymous-auth', kind: 'bool', default: true, help: 'Takes requests without credentials as system:anonymous.' },
      { name: 'api-audiences', kind: 'strings', help: 'Audiences that tokens are accepted for. Default: the issuer.' },
      { name: 'client-ca-file', kind: 'file', help: "CA of client certificates, beside the server's own." },
      ...REQUEST_HEADER_FLAGS,
      {
        name: 'authentication-token-webhook-config-file',
        kind: 'file',
        help: 'kubeconfig of a service that is asked about bearer tokens that nobody else knows.',
      },
      {
        name: 'authentication-token-webhook-version',
        kind: 'string',
        choices: ['v1', 'v1beta1'],
        default: 'v1beta1',
        help: 'Version of the TokenReview that is sent and expected.',
      },
      {
        name: 'authentication-token-webhook-cache-ttl',
        kind: 'duration',
        min: 0,
        default: 2 * MINUTE,
        help: 'Time that an answer about a token is remembered; 0 = not.',
      },
      AUTHENTICATION_CONFIG_FLAG,
      {
        name: 'enable-bootstrap-token-auth',
        kind: 'bool',
        default: false,
        help: 'Accepts tokens of Secrets of type bootstrap.kubernetes.io/token in kube-system.',
      },
      ...OIDC_FLAGS,
      { name: 'token-auth-file', kind: 'file', help: 'Static tokens, CSV: token,user,uid[,"group1,group2"].' },
      {
        name: 'service-account-issuer',
        kind: 'strings',
        help: 'Issuer of service account tokens; the first signs, the others are accepted. Default: https://kubernetes.default.svc.cluster.local.',
      },
      {
        name: 'service-account-key-file',
        kind: 'strings',
        help: 'Keys that service account tokens are checked with, PEM. May be given more than once.',
      },
      {
        name: 'service-account-signing-key-file',
        kind: 'file',
        help: 'Key that service account tokens are signed with, PEM. Default: one made in --cert-dir.',
      },
      { name: 'service-account-lookup', kind: 'bool', default: true, help: 'Refuses tokens whose service account is gone.' },
    ],
  },
  {
    title: 'Authorization flags',
    flags: [
      {
        name: 'authorization-mode',
        kind: 'strings',
        choices: ['Node', 'RBAC', 'Webhook', 'AlwaysAllow', 'AlwaysDeny'],
        default: ['RBAC'],
        help: 'Authorizers in the order in which they are asked.',
      },
      {
        name: 'authorization-config',
        kind: 'file',
        help: 'AuthorizationConfiguration: authorizers in order, several webhooks among them. In place of the other flags here.',
      },
      { name: 'authorization-webhook-config-file', kind: 'file', help: 'kubeconfig of the service that mode Webhook asks.' },
      {
        name: 'authorization-webhook-version',
        kind: 'string',
        choices: ['v1', 'v1beta1'],
        default: 'v1beta1',
        help: 'Version of the SubjectAccessReview that is sent and expected.',
      },
      {
        name: 'authorization-webhook-cache-authorized-ttl',
        kind: 'duration',
        min: 0,
        default: 5 * MINUTE,
        help: 'Time that an allowed request is remembered; 0 = not.',
      },
      {
        name: 'authorization-webhook-cache-unauthorized-ttl',
        kind: 'duration',
        min: 0,
        default: 30 * SECOND,
        help: 'Time that any other answer is remembered; 0 = not.',
      },
    ],
  },
  {
    title: 'Admission flags',
    flags: [
      { name: 'admission-control-config-file', kind: 'file', help: 'AdmissionConfiguration: settings of admission controllers.' },
      { name: 'enable-admission-plugins', kind: 'strings', help: 'Admission controllers beside those that are on by default.' },
      { name: 'disable-admission-plugins', kind: 'strings', help: 'Admission controllers to turn off.' },
      {
        name: 'default-not-ready-toleration-seconds',
        kind: 'int',
        min: 0,
        default: 300,
        help: 'Seconds that pods tolerate a node that is not ready, unless they say otherwise.',
      },
      {
        name: 'default-unreachable-toleration-seconds',
        kind: 'int',
        min: 0,
        default: 300,
        help: 'Seconds that pods tolerate an unreachable node, unless they say otherwise.',
      },
    ],
  },
  {
    title: 'Logs flags',
    flags: [
      {
        name: 'v',
        kind: 'int',
        min: 0,
        default: 0,
        help: 'Detail of the log: 0 warnings and what operators need, 2 more, 4 debugging, 6 every request.',
      },
      { name: 'logging-format', kind: 'string', choices: ['json'], default: 'json', help: 'How the log is written to standard error.' },
    ],
  },
  {
    title: 'Misc flags',
    flags: [
      ...AGGREGATION_FLAGS,
      ...KUBELET_FLAGS,
      {
        name: 'endpoint-reconciler-type',
        kind: 'string',
        choices: ['lease', 'none'],
        default: 'lease',
        help: 'How servers share the endpoints of the service kubernetes: by a lease each, or not at all.',
      },
      {
        name: 'service-cluster-ip-range',
        kind: 'strings',
        default: ['10.0.0.0/24'],
        help: 'CIDR of service addresses; two for dual stack.',
      },
      { name: 'service-node-port-range', kind: 'string', default: '30000-32767', help: 'Ports for services of type NodePort.' },
      {
        name: 'allow-privileged',
        kind: 'bool',
        default: true,
        help: 'Accepted for compatibility: privileged containers are a matter of Pod Security.',
      },
    ],
  },
  {
    title: 'Embedded store and set-up flags',
    flags: [
      {
        name: 'data-dir',
        kind: 'string',
        default: './.k',
        help: "Folder of the embedded store, of the server's certificates and of the administrator's kubeconfig.",
      },
      {
        name: 'write-kubeconfig',
        kind: 'string',
        help: "Where the administrator's kubeconfig is written, mode 0600. Default: admin.kubeconfig in --data-dir.",
      },
      {
        name: 'controllers',
        kind: 'strings',
        default: ['*'],
        help: "Controllers inside the server: * = all, -NAME = all but that one, '' = none.",
      },
    ],
  },
];

/** All flags in one list. */
export const FLAGS: readonly Flag[] = FLAG_GROUPS.flatMap(({ flags }) => flags);

const group = (title: string): FlagGroup => FLAG_GROUPS.find((each) => each.title === title) as FlagGroup;
const dataDir = FLAGS.find(({ name }) => name === 'data-dir') as Flag;

/** Flags of the commands that work on a store. */
export const COMMAND_FLAG_GROUPS: readonly FlagGroup[] = [
  group('Etcd flags'),
  {
    title: 'Command flags',
    flags: [
      dataDir,
      { name: 'force', kind: 'bool', default: false, help: 'snapshot restore: replaces what the store holds.' },
      { name: 'dry-run', kind: 'bool', default: false, help: 'encryption rewrap: counts what would be written.' },
      { name: 'rate', kind: 'int', min: 0, default: 0, help: 'encryption rewrap: writes per second; 0 = no limit.' },
      { name: 'checkpoint', kind: 'string', help: 'encryption rewrap: file that lets a broken-off run go on.' },
    ],
  },
];
