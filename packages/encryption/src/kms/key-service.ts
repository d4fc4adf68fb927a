/** What a key service can do; the gRPC client and the plugin's providers share it. */
export interface KeyService {
  status(): Promise<KeyServiceStatus>;
  encrypt(plaintext: Uint8Array, uid: string): Promise<EncryptedKey>;
  decrypt(request: {
    ciphertext: Uint8Array;
    uid: string;
    keyId: string;
    annotations: Readonly<Record<string, Uint8Array>>;
  }): Promise<Uint8Array>;
  close?(): void;
}

/** `healthz` is `ok` or what is wrong. */
export interface KeyServiceStatus {
  /** `v2` or `v2beta1`. */
  version: string;
  healthz: string;
  /** Changes when the key has been rotated; never empty. At most 1 KiB. */
  keyId: string;
}

/** A data key encrypted by the service. */
export interface EncryptedKey {
  /** At most 1 KiB. */
  ciphertext: Uint8Array;
  keyId: string;
  /** Stored in clear beside the value and handed back on decrypt. */
  annotations: Readonly<Record<string, Uint8Array>>;
}
