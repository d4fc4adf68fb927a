/** `apiserver.config.k8s.io/v1` EncryptionConfiguration. */
export interface EncryptionConfiguration {
  apiVersion: string;
  kind: string;
  resources: ResourceEntry[];
}

/** Which resources are stored under which providers; the first provider writes. */
export interface ResourceEntry {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (core group) or `*.*`. */
  resources: string[];
  providers: ProviderEntry[];
}

/** Exactly one of its fields is set. */
export interface ProviderEntry {
  aesgcm?: KeysConfiguration;
  aescbc?: KeysConfiguration;
  secretbox?: KeysConfiguration;
  identity?: Record<string, never>;
  kms?: KmsConfiguration;
}

export interface KeysConfiguration {
  keys: NamedKey[];
}

/** `secret` is base64. */
export interface NamedKey {
  name: string;
  secret: string;
}

export interface KmsConfiguration {
  /** `v1` or `v2`. Default `v1`, as upstream. */
  apiVersion: string;
  name: string;
  /** Of v1 only. Default 1000. */
  cachesize?: number;
  /** `unix:///path/to/socket`. */
  endpoint: string;
  /** Milliseconds. Default 3000. */
  timeoutMs: number;
}
