/** A certificate with its key, PEM, that kubelets know this server by. */
export interface KubeletClientCertificate {
  cert: string;
  key: string;
}

/** How the kubelets of a cluster are reached. */
export interface KubeletOptions {
  /** Asked for each connection; undefined = none is shown. Default: none. */
  clientCertificate?: () => Promise<KubeletClientCertificate | undefined>;
  /** PEM of the CA of kubelets' certificates. Default: these are not checked. */
  certificateAuthority?: string;
  /** Milliseconds that connecting may take. Default 5000. */
  timeoutMs?: number;
  /** Types of node addresses in the order in which they are looked for. Default: {@link PREFERRED_ADDRESS_TYPES}. */
  preferredAddressTypes?: readonly string[];
  /** Port of kubelets whose node does not tell it. Default 10250. */
  port?: number;
}

/** Which address of a node is taken when several types are there. */
export const PREFERRED_ADDRESS_TYPES: readonly string[] = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'];
