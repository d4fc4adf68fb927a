/** The gRPC side of KMS v2: a lazy connection to a plugin's unix socket. */
import {
  DecryptRequestSchema,
  DecryptResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
  StatusRequestSchema,
  StatusResponseSchema,
} from '../gen/kms_pb.js';
import { type CallObserver, createUnaryClient } from '../grpc/unary-client.js';
import { endpointAddress } from './endpoint-address.js';
import type { KeyService } from './key-service.js';

const SERVICE = '/v2.KeyManagementService';

/**
 * Connects to a KMS v2 plugin.
 *
 * @param endpoint - `unix:///path/to/socket`.
 * @param timeoutMs - Of each call, the wait for the socket included.
 */
export function connectKeyService(endpoint: string, timeoutMs: number, observe?: CallObserver): KeyService {
  const client = createUnaryClient(endpointAddress(endpoint), {
    timeoutMs,
    observe,
    channel: { 'grpc.default_authority': 'localhost' },
  });
  return {
    async status() {
      const { version, healthz, keyId } = await client.call(`${SERVICE}/Status`, StatusRequestSchema, StatusResponseSchema, {});
      return { version, healthz, keyId };
    },
    async encrypt(plaintext, uid) {
      const answer = await client.call(`${SERVICE}/Encrypt`, EncryptRequestSchema, EncryptResponseSchema, { plaintext, uid });
      return { ciphertext: answer.ciphertext, keyId: answer.keyId, annotations: answer.annotations };
    },
    async decrypt({ ciphertext, uid, keyId, annotations }) {
      const request = { ciphertext, uid, keyId, annotations: { ...annotations } };
      return (await client.call(`${SERVICE}/Decrypt`, DecryptRequestSchema, DecryptResponseSchema, request)).plaintext;
    },
    close: () => client.close(),
  };
}
