import { type KubeObject, newStatusError } from '@k/apimachinery';
import { type KubeletOptions, PREFERRED_ADDRESS_TYPES } from './kubelet-options.js';

const DEFAULT_PORT = 10250;
const HOSTNAME_LABEL = 'kubernetes.io/hostname';
/** What kubelets declare that take the WebSockets of exec, attach and port-forward. */
const WEBSOCKETS = 'ExtendWebSocketsToKubelet';

/** Where the kubelet of a node listens. */
export interface KubeletAddress {
  host: string;
  port: number;
  /** False for older kubelets, which tunnel port-forwards in SPDY alone. */
  takesWebSockets: boolean;
}

interface NodeStatus {
  addresses?: { type: string; address: string }[];
  daemonEndpoints?: { kubeletEndpoint?: { Port?: number } };
  declaredFeatures?: string[];
}

/** The address that a node's status names. @throws 500 when there is none of the types that are wanted. */
export function kubeletAddress(node: KubeObject, options: KubeletOptions): KubeletAddress {
  const { addresses = [], daemonEndpoints, declaredFeatures = [] } = (node['status'] ?? {}) as NodeStatus;
  const reported = daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  for (const type of options.preferredAddressTypes ?? PREFERRED_ADDRESS_TYPES) {
    const found = addresses.find((address) => address.type === type)?.address;
    const host = found ?? (type === 'Hostname' ? node.metadata?.labels?.[HOSTNAME_LABEL] || undefined : undefined);
    if (host === undefined) continue;
    const port = reported > 0 ? reported : (options.port ?? DEFAULT_PORT);
    return { host, port, takesWebSockets: declaredFeatures.includes(WEBSOCKETS) };
  }
  const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ');
  throw newStatusError(500, '', `no preferred addresses found; known addresses: [${known}]`);
}
