import type { Flag } from './flag.js';

const SECOND = 1000;

/** Flags of kubelets, which answer for logs, exec, port-forward and proxies. */
export const KUBELET_FLAGS: readonly Flag[] = [
  {
    name: 'kubelet-client-certificate',
    kind: 'file',
    help: "Certificate that kubelets know this server by. Default: one of the server's own CA, for kube-apiserver-kubelet-client.",
  },
  { name: 'kubelet-client-key', kind: 'file', help: 'Key of --kubelet-client-certificate.' },
  {
    name: 'kubelet-certificate-authority',
    kind: 'file',
    help: "CA of kubelets' certificates. Absent: these are not checked.",
  },
  { name: 'kubelet-timeout', kind: 'duration', min: 1, default: 5 * SECOND, help: 'Time that connecting to a kubelet may take.' },
  { name: 'kubelet-port', kind: 'int', min: 1, max: 65_535, default: 10_250, help: 'Port of kubelets whose node does not tell it.' },
  {
    name: 'kubelet-preferred-address-types',
    kind: 'strings',
    default: ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'],
    help: 'Types of node addresses in the order in which they are looked for.',
  },
];
