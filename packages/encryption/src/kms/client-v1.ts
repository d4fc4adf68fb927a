/** The gRPC side of the deprecated KMS v1. */
import {
  DecryptRequestSchema,
  DecryptResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
  VersionRequestSchema,
  VersionResponseSchema,
} from '../gen/kms-v1_pb.js';
import { type CallObserver, createUnaryClient } from '../grpc/unary-client.js';
import { endpointAddress } from './endpoint-address.js';

const SERVICE = '/v1beta1.KeyManagementService';
const VERSION = 'v1beta1';

/** What a KMS v1 plugin can do. */
export interface KeyServiceV1 {
  encrypt(plaintext: Uint8Array): Promise<Uint8Array>;
  decrypt(ciphertext: Uint8Array): Promise<Uint8Array>;
  close?(): void;
}

/** Connects to a KMS v1 plugin; the first call asks for its version. */
export function connectKeyServiceV1(endpoint: string, timeoutMs: number, observe?: CallObserver): KeyServiceV1 {
  const client = createUnaryClient(endpointAddress(endpoint), {
    timeoutMs,
    observe,
    channel: { 'grpc.default_authority': 'localhost' },
  });
  let isChecked = false;
  const check = async (): Promise<void> => {
    if (isChecked) return;
    const { version } = await client.call(`${SERVICE}/Version`, VersionRequestSchema, VersionResponseSchema, { version: VERSION });
    if (version !== VERSION) throw new Error(`KMS provider api version ${version} is not supported, only ${VERSION} is supported now`);
    isChecked = true;
  };
  return {
    async encrypt(plain) {
      await check();
      return (await client.call(`${SERVICE}/Encrypt`, EncryptRequestSchema, EncryptResponseSchema, { version: VERSION, plain })).cipher;
    },
    async decrypt(cipher) {
      await check();
      return (await client.call(`${SERVICE}/Decrypt`, DecryptRequestSchema, DecryptResponseSchema, { version: VERSION, cipher })).plain;
    },
    close: () => client.close(),
  };
}
